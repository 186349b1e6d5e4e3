import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { displayWidth } from '../../src/server/cli/text.ts';
import type { TopRow } from '../../src/server/cli/top/rows.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { createContainer, eventually, exited, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../fixtures/pods.ts';
import { inTerminal } from '../fixtures/terminal.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../../src/server/main.ts');
const MiB = 1024 * 1024;

/** `cricket top`, `ps`, `inspect` and `info` as programs, beside a daemon with pods. */
describe('looking at what runs', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let front: TestPod;
  let web: TestContainer;
  let busy: TestContainer;
  before(async () => {
    cricket = await startCricket();
    front = await runPod(cricket, { name: 'front', namespace: 'shop', uid: 'u1' });
    web = await runContainer(cricket, front, { name: 'web', attempt: 2 });
    const resources = {
      // So little that a machine with other things to do gives it that much too.
      ...{ memoryLimitInBytes: BigInt(64 * MiB), cpuQuota: 5_000n, cpuPeriod: 100_000n },
    };
    busy = await runContainer(cricket, front, {
      name: 'busy',
      command: ['sh', '-c', 'while :; do :; done'],
      resources,
    });
    const back = await runPod(cricket, { name: 'back', namespace: 'shop', uid: 'u2' });
    await createContainer(cricket, back, { name: '名前' });
    const gone = await runContainer(cricket, back, { name: 'gone', command: ['false'] });
    await exited(cricket, gone.id);
  });
  after(async () => cricket.stop());

  const cli = async (...args: readonly string[]) =>
    (await run(process.execPath, [main, ...args, '--config', cricket.config])).stdout;
  const failing = async (...args: readonly string[]) =>
    cli(...args).then(
      (out) => expect.fail(`it succeeded: ${out}`),
      (error: unknown) => error as { readonly code: number; readonly stderr: string },
    );
  const rows = async (...args: readonly string[]) =>
    JSON.parse(await cli('top', '--no-stream', '--format', 'json', ...args)) as readonly TopRow[];

  it('prints one table without a terminal, and not one escape sequence', async () => {
    const out = await cli('top', '--no-stream');
    expect(out)
      .to.match(/^CONTAINER +ID +CPU % .* RESTARTS\nshop\/front\/busy /)
      .and.not.match(/\u001b/);
    expect(out).to.contain('/ 64.0MiB').and.contain('名前').and.not.contain('gone');
    expect(await cli('top', '--no-stream', '--all')).to.contain('shop/back/gone');
  });

  it('gives numbers to scripts: of a CPU limit, its throttling, memory, network, tasks', async () => {
    const all = await rows('--sort', 'cpu');
    expect(all[0]).to.include({ id: busy.id, name: 'busy', namespace: 'shop', memoryLimitBytes: 64 * MiB, pids: 1 });
    expect(all[0]?.cpuPercent).to.be.within(1, 8);
    expect(all[0]?.throttledPercent).to.be.greaterThan(50);
    const [quiet] = await rows('front/web');
    expect(quiet).to.include({ id: web.id, restarts: 2, oomKills: 0, pids: 2, memoryLimitBytes: null });
    expect(quiet?.memoryBytes).to.be.greaterThan(10_000);
    expect(quiet?.receivedBytes).to.be.at.least(0);
    expect((await rows('shop/front')).map(({ name }) => name)).to.have.members(['web', 'busy']);
  });

  it('lives in a terminal: fits it, follows its size and keys, and gives it back', async () => {
    const command = `${process.execPath} ${main} top --interval 0.2 --config ${cricket.config}`;
    await using terminal = await inTerminal(command, 100, 20);
    await eventually(() => expect(terminal.output()).to.match(/by cpu/));
    const first = terminal.output();
    expect(first).to.contain('\u001b[?1049h\u001b[?25l');
    terminal.type('n');
    await eventually(() => expect(terminal.output()).to.contain('by name'));
    terminal.type('r');
    await eventually(() => expect(terminal.output()).to.contain('by name, least first'));
    terminal.resize(44, 8);
    const narrow = await eventually(() => {
      const last = framesOf(terminal.output()).at(-1) ?? [];
      expect(last.length).to.equal(8);
      return last;
    });
    for (const line of narrow) expect(displayWidth(line), line).to.be.at.most(44);
    expect(narrow.join('\n'))
      .to.match(/CONTAINER +CPU %/)
      .and.not.contain('NET I/O');
    terminal.type('q');
    await terminal.ended();
    expect(terminal.output()).to.match(/\u001b\[\?25h\u001b\[\?1049l[^]*exit=0[^]* icanon [^]* echo /);
  });

  it('gives the terminal back at Ctrl-C, and when it cannot begin', async () => {
    const command = `${process.execPath} ${main} top --config ${cricket.config}`;
    await using terminal = await inTerminal(command, 80, 24);
    await eventually(() => expect(terminal.output()).to.contain('by cpu'));
    terminal.type('\u0003');
    await terminal.ended();
    expect(terminal.output()).to.match(/\u001b\[\?1049l[^]*exit=0[^]* icanon /);
    await using failed = await inTerminal(`${command} nobody`, 80, 24);
    await failed.ended();
    expect(failed.output()).to.match(/cricket: no pod or container has the name or id "nobody"[^]*exit=1/);
    expect(failed.output()).not.to.contain('\u001b[?1049h');
  });

  it('lists processes of a container, and of a pod', async () => {
    const out = await cli('ps', 'web');
    expect(out)
      .to.match(/^CONTAINER +UID +PID +PPID +PID INSIDE/)
      .and.match(/\nweb +0 +\d+ +\d+ +1 +S .* sh -c trap/);
    const processes = JSON.parse(await cli('ps', front.id.slice(0, 12), '--format', 'json')) as readonly object[];
    expect(processes.map((each) => ('container' in each ? each.container : ''))).to.have.members([
      'web',
      'web',
      'busy',
    ]);
    expect((await failing('ps', 'back/gone')).stderr).to.match(
      /^cricket: container .*gone.* is exited: it has no processes/,
    );
  });

  it('inspects pods, containers and images by name, id and beginning of an id', async () => {
    const found = JSON.parse(
      await cli('inspect', 'shop/front', web.id.slice(0, 10), web.config.image?.image ?? ''),
    ) as readonly {
      readonly kind: string;
      readonly id: string;
    }[];
    expect(found.map(({ kind }) => kind)).to.deep.equal(['pod', 'container', 'image']);
    expect(found[1])
      .to.include({ id: web.id, pod: 'front', attempt: 2, state: 'running' })
      .and.have.property('runtimeSpec');
    expect(found[0]).to.have.nested.property('containers.length', 2);
    const gone = JSON.parse(await cli('inspect', 'gone')) as readonly object[];
    expect(gone[0]).to.include({ state: 'exited', exitCode: 1, reason: 'Error' });
    const { code, stderr } = await failing('inspect', 'nobody');
    expect([code, stderr]).to.deep.equal([
      1,
      'cricket: no pod, container or image has the name or id "nobody"; cricket top --all lists what there is\n',
    ]);
  });

  it('tells what the node and its daemon are', async () => {
    const facts = JSON.parse(await cli('info', '--format', 'json')) as Readonly<Record<string, unknown>>;
    expect(facts).to.deep.include({
      pods: { ready: 2 },
      containers: { running: 2, created: 1, exited: 1 },
      unreadable: 0,
    });
    expect(facts).to.have.nested.property('cgroups.driver', 'cgroupfs');
    expect(await cli('info'))
      .to.match(/^Version +0\.1\.0 .*\nPods +2 ready\nContainers +4: 2 running/)
      .and.match(/Runtime \(default\) +crun: \/usr\/bin\/crun, \d/);
  });

  it('says so when no daemon answers', async () => {
    for (const command of ['top', 'info', 'ps x', 'inspect x']) {
      const args = [main, ...command.split(' '), '--config', cricket.config, '--state', '/nowhere'];
      const { code, stderr } = (await run(process.execPath, args).catch(
        (error: unknown) => error as { readonly code: number; readonly stderr: string },
      )) as { readonly code?: number; readonly stderr: string };
      expect([code, stderr]).to.deep.equal([
        1,
        'cricket: control socket /nowhere/control.sock: no daemon answers; start it: systemctl start cricket\n',
      ]);
    }
  });
});

/** What was drawn, a frame a list of lines, without the sequences. */
const framesOf = (output: string): string[][] =>
  output
    .split('\u001b[H')
    .slice(1)
    .map((text) =>
      (text.split('\u001b[J')[0] ?? '').split(/\r+\n/).map((line) => line.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')),
    );
