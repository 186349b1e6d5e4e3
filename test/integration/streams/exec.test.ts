import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { createContainer, eventually, runContainer } from '../../fixtures/pods.ts';
import { initPid, procStatus, processesBelow, sh as execSync } from '../sandbox/lab.ts';
import { Printed, refusal } from './lab.ts';
import { Subject } from './subject.ts';

describe('a streamed command in a container', () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.start();
  });
  after(async () => subject[Symbol.asyncDispose]());
  afterEach(async () => subject.settled());

  it('gives both streams and its code', async () => {
    const session = await subject.sh('echo out; echo err >&2; exit 3');
    const [out, err] = [new Printed(session.stdout), new Printed(session.stderr)];
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 3 });
    expect([await out.done, await err.done]).to.deep.equal(['out\n', 'err\n']);
    const killed = await subject.sh('kill -9 $$');
    killed.stdout?.resume();
    expect(await killed.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('is as the container is: user, environment, directory, capabilities, seccomp', async () => {
    const session = await subject.sh('echo $GREETING; pwd; cat /proc/self/status');
    const lines = (await new Printed(session.stdout).done).split('\n');
    expect(lines.slice(0, 2)).to.deep.equal(['hello', '/tmp']);
    const init = await initPid(subject.cricket, subject.container);
    for (const key of ['Uid', 'Gid', 'Groups', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'])
      expect(lines).to.include(`${key}:\t${procStatus(init, key)}`.replace('Groups:\t0', 'Groups:\t0 '));
  });

  it('reads what it is given, and goes on when that ends', async () => {
    const session = await subject.sh('cat; sleep 0.2; echo later', { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.write('hello ');
    session.stdin?.end('world\n');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(await out.done).to.equal('hello world\nlater\n');
  });

  it('that does not read its input ends all the same', async () => {
    const session = await subject.sh('echo done', { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.write(Buffer.alloc(1 << 20));
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(await out.done).to.equal('done\n');
  });

  it('keeps bytes as they are', async () => {
    const bytes = randomBytes(3_000_001);
    const session = await subject.lab.exec(subject.container, { command: ['cat'], stdin: true });
    session.stdin?.end(bytes);
    expect(Buffer.compare(await buffer(session.stdout ?? Readable.from([])), bytes)).to.equal(0);
  });

  it('waits while nobody reads, and nothing it printed is lost', async () => {
    const size = 40_000_000;
    const session = await subject.sh(`head -c ${size} /dev/zero; echo over > /over`);
    await delay(500);
    expect(session.stdout?.readableLength).to.be.lessThan(1 << 20);
    expect(await execSync(subject.cricket, subject.container, 'ls /over 2>/dev/null || true')).to.equal('');
    let count = 0;
    session.stdout?.on('data', (chunk: Buffer) => (count += chunk.length));
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(count).to.equal(size);
  });

  it('that ended before its output was read loses none of it', async () => {
    const session = await subject.sh('head -c 50000 /dev/zero');
    await delay(500);
    expect(await buffer(session.stdout ?? Readable.from([]))).to.have.length(50_000);
  });

  it('is over when it falls silent, and what it left lives on as the container’s, free to print', async () => {
    const session = await subject.sh('(sleep 0.05; echo late; sleep 1; echo unheard; exec sleep 1201) & exit 4');
    const out = new Printed(session.stdout);
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 4 });
    expect(await out.done).to.equal('late\n');
    await eventually(() => expect(subject.groupOf('sleep 1201')).to.equal('.'));
    subject.endAll('1201');
  });

  it('that is not there, or is no program, says so where it prints, and has the code of shells', async () => {
    for (const tty of [false, true])
      for (const [command, code, said] of [
        ['no-such-program', 127, 'no-such-program'],
        ['/etc/passwd', 126, 'ermission denied'],
      ] as const) {
        const session = await subject.lab.exec(subject.container, { command: [command], tty });
        const [out, err] = [new Printed(session.stdout), new Printed(session.stderr)];
        expect(await session.ended).to.deep.equal({ how: 'exited', code });
        expect(await (tty ? out : err).done).to.contain(said);
      }
  });

  it('needs a container that runs', async () => {
    const created = await createContainer(subject.cricket, subject.pod, { name: 'created' });
    expect(await refusal(subject.lab.exec(created, { command: ['true'] }))).to.contain('created, not running');
    expect(await refusal(subject.lab.exec({ id: 'e'.repeat(64) }, { command: ['true'] }))).to.contain('not found');
  });

  it('whose caller goes before it began leaves nothing', async () => {
    for (const tty of [false, true])
      for (const ms of [0, 1, 2, 4, 8, 16]) {
        const caller = new AbortController();
        setTimeout(() => caller.abort(), ms);
        const opened = subject.lab.exec(subject.container, { command: ['sleep', '1202'], tty }, caller.signal);
        // Who was faster has a session, and hangs it up.
        await opened.then(
          async (session) => {
            session.hangUp();
            let over = false;
            void session.ended.then(() => (over = true));
            await eventually(() => {
              subject.endAll('1202');
              expect(over).to.equal(true);
            });
          },
          (error: unknown) => expect(String(error)).to.contain('went away'),
        );
      }
  });

  it('that loses its client has no input any more, lives on in the container’s cgroup, and may print', async () => {
    const session = await subject.sh('cat; yes | head -c 10000000; exec sleep 1203', { stdin: true });
    await eventually(() => expect(subject.groupOf('cat')).to.match(/exec-/));
    session.hangUp();
    session.hangUp();
    await eventually(() => expect(subject.groupOf('sleep 1203')).to.equal('.'));
    subject.endAll('1203');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('whose streams are destroyed lives on', async () => {
    const session = await subject.sh('until [ -e /1208 ]; do echo x; echo y >&2; sleep 0.01; done', { stdin: true });
    for (const stream of [session.stdin, session.stdout, session.stderr]) stream?.destroy();
    await delay(300);
    expect(subject.executed).to.be.greaterThan(0);
    subject.endAll('1208');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('ends with its container', async () => {
    const other = await runContainer(subject.cricket, subject.pod, { name: 'short' });
    const sessions = [await subject.lab.exec(other, { command: ['sleep', '1204'] })];
    sessions.push(await subject.lab.exec(other, { command: ['sleep', '1204'], tty: true, stdin: true }));
    for (const session of sessions) session.stdout?.resume();
    // Its own two, and these.
    const group = subject.cricket.containerCgroup(subject.pod.id, other.id);
    await eventually(() => expect(processesBelow(group)).to.have.length(4));
    await subject.cricket.client.runtime.removeContainer({ containerId: other.id });
    for (const session of sessions) expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
  });

  it('runs beside 49 others, half of them on terminals', async () => {
    const all = Array.from({ length: 50 }, async (_value, i) => {
      const session = await subject.sh(`echo ${i}; exit ${i}`, { tty: i % 2 === 0 });
      const out = new Printed(session.stdout);
      expect(await session.ended).to.deep.equal({ how: 'exited', code: i });
      expect((await out.done).trim()).to.equal(String(i));
    });
    await Promise.all(all);
  });
});
