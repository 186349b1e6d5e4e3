import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { entries } from '../../leftovers/kernel.ts';
import { initPid, procStatus, processesBelow, sh as execSync } from '../sandbox/lab.ts';
import { Printed, StreamLab, refusal } from './lab.ts';

/** Processes of the container when nothing is executed in it: its shell, and what that waits for. */
const idle = 2;

/** Its arguments; nothing of one that is gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

describe('a streamed command in a container', () => {
  let cricket: Cricket;
  let lab: StreamLab;
  let pod: TestPod;
  let container: TestContainer;
  let group: string;
  before(async () => {
    cricket = await startCricket();
    lab = new StreamLab(cricket);
    pod = await runPod(cricket, { name: 'a' });
    container = await runContainer(cricket, pod, { name: 'c', env: { GREETING: 'hello' }, workingDir: '/tmp' });
    group = `${cricket.podCgroup(pod.id)}/${container.id}`;
    await eventually(() => expect(processesBelow(group)).to.have.length(idle));
  });
  after(async () => {
    await lab[Symbol.asyncDispose]();
    await cricket.stop();
  });
  afterEach(async () => {
    await eventually(() => expect(processesBelow(group)).to.have.length(idle));
    await eventually(() => {
      const files = entries(`${cricket.state}/containers/${container.id}`);
      expect(files.filter((name) => name.startsWith('exec-'))).to.deep.equal([]);
    });
  });

  const sh = async (script: string, wish = {}) => lab.exec(container, { command: ['sh', '-c', script], ...wish });
  const named = (part: string) => processesBelow(group).filter((pid) => commandOf(pid).includes(part));
  const endAll = (part: string) => named(part).forEach((pid) => process.kill(pid, 'SIGKILL'));
  /** The cgroup of the process that is just this command, from the container's own on, which is ".". */
  const groupOf = (command: string): string => {
    const pid = processesBelow(group).find((one) => commandOf(one) === `${command} `);
    const groups = readFileSync(`/proc/${pid ?? 0}/cgroup`, 'utf8').split('\n');
    return `.${groups.find((text) => text.includes(group))?.split(group)[1] ?? ' nowhere'}`;
  };

  it('gives both streams and its code', async () => {
    const session = await sh('echo out; echo err >&2; exit 3');
    const [out, err] = [new Printed(session.stdout), new Printed(session.stderr)];
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 3 });
    expect([await out.done, await err.done]).to.deep.equal(['out\n', 'err\n']);
    const killed = await sh('kill -9 $$');
    killed.stdout?.resume();
    expect(await killed.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('is as the container is: user, environment, directory, capabilities, seccomp', async () => {
    const session = await sh('echo $GREETING; pwd; cat /proc/self/status');
    const lines = (await new Printed(session.stdout).done).split('\n');
    expect(lines.slice(0, 2)).to.deep.equal(['hello', '/tmp']);
    const init = await initPid(cricket, container);
    for (const key of ['Uid', 'Gid', 'Groups', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'])
      expect(lines).to.include(`${key}:\t${procStatus(init, key)}`.replace('Groups:\t0', 'Groups:\t0 '));
  });

  it('reads what it is given, and goes on when that ends', async () => {
    const session = await sh('cat; sleep 0.2; echo later', { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.write('hello ');
    session.stdin?.end('world\n');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(await out.done).to.equal('hello world\nlater\n');
  });

  it('that does not read its input ends all the same', async () => {
    const session = await sh('echo done', { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.write(Buffer.alloc(1 << 20));
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(await out.done).to.equal('done\n');
  });

  it('keeps bytes as they are', async () => {
    const bytes = randomBytes(3_000_001);
    const session = await lab.exec(container, { command: ['cat'], stdin: true });
    session.stdin?.end(bytes);
    expect(Buffer.compare(await buffer(session.stdout ?? Readable.from([])), bytes)).to.equal(0);
  });

  it('waits while nobody reads, and nothing it printed is lost', async () => {
    const size = 40_000_000;
    const session = await sh(`head -c ${size} /dev/zero; echo over > /over`);
    await delay(500);
    expect(session.stdout?.readableLength).to.be.lessThan(1 << 20);
    expect(await execSync(cricket, container, 'ls /over 2>/dev/null || true')).to.equal('');
    let count = 0;
    session.stdout?.on('data', (chunk: Buffer) => (count += chunk.length));
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(count).to.equal(size);
  });

  it('that ended before its output was read loses none of it', async () => {
    const session = await sh('head -c 50000 /dev/zero');
    await delay(500);
    expect(await buffer(session.stdout ?? Readable.from([]))).to.have.length(50_000);
  });

  it('is over when it falls silent, and what it left lives on as the container’s, free to print', async () => {
    const session = await sh('(sleep 0.05; echo late; sleep 1; echo unheard; exec sleep 1201) & exit 4');
    const out = new Printed(session.stdout);
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 4 });
    expect(await out.done).to.equal('late\n');
    await eventually(() => expect(groupOf('sleep 1201')).to.equal('.'));
    endAll('1201');
  });

  it('that is not there, or is no program, says so where it prints, and has the code of shells', async () => {
    for (const tty of [false, true])
      for (const [command, code, said] of [
        ['no-such-program', 127, 'no-such-program'],
        ['/etc/passwd', 126, 'ermission denied'],
      ] as const) {
        const session = await lab.exec(container, { command: [command], tty });
        const [out, err] = [new Printed(session.stdout), new Printed(session.stderr)];
        expect(await session.ended).to.deep.equal({ how: 'exited', code });
        expect(await (tty ? out : err).done).to.contain(said);
      }
  });

  it('needs a container that runs', async () => {
    const created = await createContainer(cricket, pod, { name: 'created' });
    expect(await refusal(lab.exec(created, { command: ['true'] }))).to.contain('created, not running');
    expect(await refusal(lab.exec({ id: 'e'.repeat(64) }, { command: ['true'] }))).to.contain('not found');
  });

  it('whose caller goes before it began leaves nothing', async () => {
    for (const tty of [false, true])
      for (const ms of [0, 1, 2, 4, 8, 16]) {
        const caller = new AbortController();
        setTimeout(() => caller.abort(), ms);
        const opened = lab.exec(container, { command: ['sleep', '1202'], tty }, caller.signal);
        // Who was faster has a session, and hangs it up.
        await opened.then(
          (session) => session.hangUp(),
          (error: unknown) => expect(String(error)).to.contain('went away'),
        );
      }
    endAll('1202');
  });

  it('that loses its client has no input any more, lives on in the container’s cgroup, and may print', async () => {
    const session = await sh('cat; yes | head -c 10000000; exec sleep 1203', { stdin: true });
    await eventually(() => expect(groupOf('cat')).to.match(/exec-/));
    session.hangUp();
    session.hangUp();
    await eventually(() => expect(groupOf('sleep 1203')).to.equal('.'));
    endAll('1203');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('whose streams are destroyed lives on', async () => {
    const session = await sh('until [ -e /1208 ]; do echo x; echo y >&2; sleep 0.01; done', { stdin: true });
    for (const stream of [session.stdin, session.stdout, session.stderr]) stream?.destroy();
    await delay(300);
    expect(processesBelow(group)).to.have.length.greaterThan(idle);
    endAll('1208');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('ends with its container', async () => {
    const other = await runContainer(cricket, pod, { name: 'short' });
    const sessions = [await lab.exec(other, { command: ['sleep', '1204'] })];
    sessions.push(await lab.exec(other, { command: ['sleep', '1204'], tty: true, stdin: true }));
    for (const session of sessions) session.stdout?.resume();
    await cricket.client.runtime.removeContainer({ containerId: other.id });
    for (const session of sessions) expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('runs beside 49 others, half of them on terminals', async () => {
    const all = Array.from({ length: 50 }, async (_value, i) => {
      const session = await sh(`echo ${i}; exit ${i}`, { tty: i % 2 === 0 });
      const out = new Printed(session.stdout);
      expect(await session.ended).to.deep.equal({ how: 'exited', code: i });
      expect((await out.done).trim()).to.equal(String(i));
    });
    await Promise.all(all);
  });

  describe('on a terminal', () => {
    it('has one in the container, of the size that the client has', async () => {
      const session = await sh('tty; echo $TERM; read x; stty size; echo "got $x"', { tty: true, stdin: true });
      const out = new Printed(session.stdout);
      await eventually(() => expect(out.text).to.match(/^\/dev\/pts\/\d+\r\nxterm\r\n$/));
      session.resize(100, 30);
      session.stdin?.write('typed\n');
      expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
      expect(await out.done).to.match(/\ntyped\r\n30 100\r\ngot typed\r\n$/);
      session.resize(1, 1);
    });

    it('is interrupted by Ctrl-C and ended by Ctrl-D', async () => {
      const interrupted = await sh('trap "echo caught; exit 5" INT; echo go; while :; do sleep 0.01; done', {
        ...{ tty: true, stdin: true },
      });
      const out = new Printed(interrupted.stdout);
      await eventually(() => expect(out.text).to.contain('go'));
      interrupted.stdin?.write('\u0003');
      expect(await interrupted.ended).to.deep.equal({ how: 'exited', code: 5 });
      const ended = await lab.exec(container, { command: ['cat'], tty: true, stdin: true });
      ended.stdout?.resume();
      ended.stdin?.write('line\n\u0004');
      expect(await ended.ended).to.deep.equal({ how: 'exited', code: 0 });
    });

    it('reads the end of what it is given, in the middle of a line too', async () => {
      for (const text of ['', 'line\n', 'no end']) {
        const session = await lab.exec(container, { command: ['cat'], tty: true, stdin: true });
        const out = new Printed(session.stdout);
        session.stdin?.end(text);
        expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
        expect(await out.done).to.contain(text.trim());
      }
    });

    it('waits while nobody reads, and loses nothing', async () => {
      const session = await sh('seq 300000; echo over > /tty-over', { tty: true });
      await delay(300);
      expect(await execSync(cricket, container, 'ls /tty-over 2>/dev/null || true')).to.equal('');
      const lines = (await new Printed(session.stdout).done).split('\r\n');
      expect([lines.length, lines.at(-2)]).to.deep.equal([300_001, '300000']);
    });

    it('is hung up when the client goes', async () => {
      const session = await sh('trap "touch /hung-up; exit" HUP; echo go; while :; do sleep 0.01; done', { tty: true });
      const out = new Printed(session.stdout);
      await eventually(() => expect(out.text).to.contain('go'));
      session.hangUp();
      await session.ended;
      await execSync(cricket, container, 'test -e /hung-up');
    });

    it('is killed with all it started 10 s after a hang-up that it bears', async () => {
      const session = await sh('trap "" HUP; setsid sleep 1205 & echo go; while :; do sleep 0.1; done', { tty: true });
      const out = new Printed(session.stdout);
      await eventually(() => expect(out.text).to.contain('go'));
      const begun = performance.now();
      session.hangUp();
      expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
      expect(performance.now() - begun).to.be.greaterThan(9_500);
      await eventually(() => expect(processesBelow(group)).to.have.length(idle));
    });

    it('that ends at a hang-up leaves what does not hear it to the container', async () => {
      const session = await sh('(trap "" HUP; exec sleep 1206) & echo go; read x', { tty: true, stdin: true });
      const out = new Printed(session.stdout);
      await eventually(() => expect(out.text).to.contain('go'));
      await eventually(() => expect(groupOf('sleep 1206')).to.match(/exec-/));
      session.hangUp();
      await session.ended;
      await eventually(() => expect(groupOf('sleep 1206')).to.equal('.'));
      endAll('1206');
    });

    it('lives on when the client lets itself go by Ctrl-P Ctrl-Q', async () => {
      const session = await sh('trap "" HUP; read x; echo "read $x"; exec sleep 1207', { tty: true, stdin: true });
      const out = new Printed(session.stdout);
      session.stdin?.write('typed \u0010');
      session.stdin?.write('\u0010x\n');
      await eventually(() => expect(out.text).to.contain('read typed \u0010\u0010x'));
      session.stdin?.write('\u0010');
      session.stdin?.write('\u0011exit\n');
      expect(await session.ended).to.deep.equal({ how: 'detached' });
      await out.done;
      session.hangUp();
      await delay(200);
      expect(groupOf('sleep 1207')).to.match(/exec-/);
      endAll('1207');
    });

    it('that closes its terminal is not hung up by that', async () => {
      const session = await sh('exec <&- >&- 2>&-; sleep 0.3; echo again > /dev/tty; exit 6', { tty: true });
      session.stdout?.resume();
      expect(await session.ended).to.deep.equal({ how: 'exited', code: 6 });
    });
  });
});
