import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { renameSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, removePod, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestPod } from '../fixtures/pods.ts';
import { crictlFor } from './crictl/crictl.ts';
import type { Crictl } from './crictl/crictl.ts';

describe('crictl logs', () => {
  let cricket: Cricket;
  let crictl: Crictl;
  let pod: TestPod;
  before(async function () {
    this.timeout(300_000);
    cricket = await startCricket();
    crictl = crictlFor(cricket);
    pod = await runPod(cricket, { name: 'a' });
  });
  after(async () => {
    await removePod(cricket, pod.id);
    await cricket.stop();
  });

  it('shows the last lines, those since a time, those of a stream, long ones and ones without an end', async () => {
    const script = 'seq 9; sleep 2; echo late; echo err >&2; head -c 30000 /dev/zero | tr "\\0" x; echo; printf end';
    const { id } = await runContainer(cricket, pod, { name: 'c', command: ['sh', '-c', `${script}; sleep 3600`] });
    await eventually(async () => expect(await crictl.ok('logs', id)).to.contain('end'));
    expect(await crictl.ok('logs', '--tail', '1', id)).to.equal('end');
    expect((await crictl.ok('logs', id)).split('\n').map((line) => line.length)).to.include(30_000);
    const late = (await crictl.ok('logs', '--timestamps', id)).split('\n').find((line) => line.includes('late'));
    const since = await crictl.ok('logs', '--since', late?.split(' ')[0] ?? '', id);
    expect(since).to.match(/^late\n/);
    expect(await crictl.ok('logs', '--stream', 'stderr', id)).to.equal('');
    expect(await crictl.ok('logs', '--stream', 'stdout', id)).to.match(/^1\n2\n/);
  });

  it('follows, over rotations, until the end', async () => {
    const script = 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i; sleep 0.05; done';
    const { id, logPath } = await runContainer(cricket, pod, { name: 'd', command: ['sh', '-c', script] });
    const child = spawn(crictl.binary, [...crictl.flags, 'logs', '-f', id]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    for (let rotation = 0; rotation < 3; rotation++) {
      await delay(700);
      renameSync(logPath, `${logPath}.${rotation}`);
      await cricket.client.runtime.reopenContainerLog({ containerId: id });
    }
    await ended;
    expect(text.trim().split('\n').map(Number)).to.deep.equal(Array.from({ length: 60 }, (_value, at) => at + 1));
  });
});
