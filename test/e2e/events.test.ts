import { expect } from 'chai';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, exited, removePod, runContainer, runPod } from '../fixtures/pods.ts';
import { run } from './commands.ts';
import { crictlFor } from './crictl/crictl.ts';
import type { Crictl } from './crictl/crictl.ts';

interface EventView {
  readonly containerId: string;
  readonly containerEventType: string;
  readonly podSandboxStatus: { readonly metadata: { readonly name: string }; readonly state: string };
  readonly containersStatuses: readonly { readonly id: string; readonly state: string }[];
}

const main = join(import.meta.dirname, '../../src/server/main.ts');

/** A command that goes on printing. */
function follow(
  command: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly out: () => string } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { child, out: () => text };
}

async function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

describe('events on the command line', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let crictl: Crictl;

  before(async function () {
    this.timeout(600_000);
    cricket = await startCricket();
    crictl = crictlFor(cricket);
  });
  after(async () => cricket.stop());

  const life = async (name: string) => {
    const pod = await runPod(cricket, { name });
    const container = await runContainer(cricket, pod, { name: 'main', command: ['sh', '-c', 'exit 7'] });
    await exited(cricket, container.id);
    await removePod(cricket, pod.id);
    return { pod: pod.id, container: container.id };
  };

  it('crictl tells the four kinds, with the pod in each', async () => {
    const { child, out } = follow(crictl.binary, [...crictl.flags, 'events']);
    const gone = ended(child);
    // It says nothing when it is connected: the first lives may be missed.
    const told = await eventually(async () => {
      const { pod, container } = await life(`crictl-${Date.now()}`);
      await delay(200);
      // Each is printed over many lines.
      const texts = out()
        .split(/^(?=\{)/m)
        .filter((text) => text.trimEnd().endsWith('\n}'));
      const all = texts.map((text) => JSON.parse(text) as EventView);
      const own = all.filter(({ containerId }) => containerId === pod || containerId === container);
      expect(own).to.have.length(8);
      return own.map((event) => ({ ...event, who: event.containerId === pod ? 'pod' : 'container' }));
    }, 30_000);
    expect(told.map(({ who, containerEventType }) => `${who} ${containerEventType.split('_')[1] ?? ''}`)).to.deep.equal(
      [
        ...['pod CREATED', 'pod STARTED', 'container CREATED', 'container STARTED', 'container STOPPED'],
        ...['pod STOPPED', 'container DELETED', 'pod DELETED'],
      ],
    );
    for (const { podSandboxStatus } of told) expect(podSandboxStatus.metadata.name).to.match(/^crictl-/);
    child.kill('SIGINT');
    await gone;
  });

  it('cricket events has what happened before, and follows into a pipe that closes', async () => {
    const { pod, container } = await life('ours');
    const flags = ['events', '--config', cricket.config];
    const past = await run(process.execPath, [
      main,
      ...flags,
      '--since',
      '1h',
      '--until',
      '0s',
      '--filter',
      'pod=ours',
    ]);
    expect(past.code).to.equal(0);
    const lines = past.out.split('\n').slice(0, -1);
    expect(lines.map((line) => line.split(' ').slice(1, 3).join(' '))).to.deep.equal([
      ...['pod create', 'pod start', 'container create', 'container start', 'container die'],
      ...['pod stop', 'container remove', 'pod remove'],
    ]);
    expect(lines[4])
      .to.contain(`default/ours/main ${container.slice(0, 13)} `)
      .and.contain('exitCode=7, reason=Error');
    expect(lines[0]).to.contain(pod.slice(0, 13));
    const script = `"${process.execPath}" "${main}" ${flags.join(' ')} --since 1h --json | head -n 1; echo "$?" "\${PIPESTATUS[0]}"`;
    const piped = run('bash', ['-c', script]);
    await life('more');
    const { out, err } = await piped;
    expect(JSON.parse(out.split('\n')[0] ?? '')).to.include({ type: 'daemon', action: 'start', seq: 1 });
    expect(err, 'no stack of a broken pipe').to.equal('');
  });

  it('crictl exec is an event with its exit code', async () => {
    const pod = await runPod(cricket, { name: 'execs' });
    const container = await runContainer(cricket, pod, { name: 'main' });
    await crictl.run('exec', container.id, 'sh', '-c', 'exit 5');
    await crictl.run('exec', '-s', container.id, 'sh', '-c', 'exit 6');
    const args = ['events', '--config', cricket.config, '--since', '1h', '--until', '0s', '--filter', 'event=exec'];
    const { out } = await run(process.execPath, [main, ...args]);
    expect(out.match(/command="sh -c exit \d", exitCode=\d/g)).to.deep.equal([
      ...['command="sh -c exit 5", exitCode=5', 'command="sh -c exit 6", exitCode=6'],
    ]);
  });
});
