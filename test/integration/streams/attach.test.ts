import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, eventually, exited, readLog, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { sh as execSync } from '../sandbox/lab.ts';
import { Printed, StreamLab, refusal } from './lab.ts';

/** Says what it reads, line by line, until there is no more. */
const echoing = 'while read x; do echo "got $x"; done; echo "no more"; sleep 3600';

describe('an attach to a container', () => {
  let cricket: Cricket;
  let lab: StreamLab;
  let pod: TestPod;
  let count = 0;
  before(async () => {
    cricket = await startCricket();
    lab = new StreamLab(cricket);
    pod = await runPod(cricket, { name: 'a' });
  });
  after(async () => {
    await lab[Symbol.asyncDispose]();
    await cricket.stop();
  });

  const running = async (script: string, wish = {}): Promise<TestContainer> =>
    runContainer(cricket, pod, { name: `c${count++}`, command: ['sh', '-c', script], ...wish });
  const says = async (out: Printed, text: string) => eventually(() => expect(out.text).to.contain(text));
  const remove = async ({ id }: TestContainer) => cricket.client.runtime.removeContainer({ containerId: id });

  it('sees what is printed from then on, on both streams, until the end', async () => {
    const container = await running('read x; echo "got $x"; echo err >&2; exit 3', { stdin: true, stdinOnce: true });
    const session = await lab.attach(container, { stdin: true });
    const [out, err] = [new Printed(session.stdout), new Printed(session.stderr)];
    session.stdin?.write('typed\n');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect([await out.done, await err.done]).to.deep.equal(['got typed\n', 'err\n']);
    expect((await exited(cricket, container.id)).exitCode).to.equal(3);
    expect(await refusal(lab.attach(container))).to.contain('it is exited, not running');
  });

  it('misses nothing of a container that was not started yet', async () => {
    const container = await createContainer(cricket, pod, { name: 'early', command: ['echo', 'first'] });
    const session = await lab.attach(container);
    const out = new Printed(session.stdout);
    await cricket.client.runtime.startContainer({ containerId: container.id });
    expect(await out.done).to.equal('first\n');
  });

  it('is for several at once, who come and go', async () => {
    const container = await running(echoing, { stdin: true });
    const attach = async () => lab.attach(container, { stdin: true });
    const [one, two, three] = await Promise.all([attach(), attach(), attach()]);
    const outs = [one, two, three].map(({ stdout }) => new Printed(stdout));
    one.stdin?.write('one\n');
    for (const out of outs) await says(out, 'got one\n');
    one.stdin?.end();
    two.hangUp();
    expect((await two.ended).how).to.equal('lost');
    three.stdin?.write('two\n');
    for (const out of outs) if (out !== outs[1]) await says(out, 'got two\n');
    const again = await lab.attach(container, { stdin: true });
    const out = new Printed(again.stdout);
    again.stdin?.write('three\n');
    await says(out, 'got three\n');
    expect(out.text).to.equal('got three\n');
    await remove(container);
  });

  it('comes again after a restart of the daemon', async () => {
    const container = await running(echoing, { stdin: true });
    (await lab.attach(container, { stdin: true })).stdin?.write('one\n');
    await cricket.restart();
    const session = await lab.attach(container, { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.write('two\n');
    await says(out, 'got two\n');
    await remove(container);
  });

  it('ends a stdin_once with the first who gave some, not with one who looked on or let himself go', async () => {
    const container = await running(echoing, { stdin: true, stdinOnce: true });
    const onlooker = await lab.attach(container);
    onlooker.hangUp();
    await onlooker.ended;
    const session = await lab.attach(container, { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.write('one\n');
    await says(out, 'got one\n');
    expect(out.text).to.not.contain('no more');
    session.hangUp();
    await eventually(() => expect(readLog(container.logPath).map(({ text }) => text)).to.include('no more'));
    await remove(container);
  });

  it('has the terminal of the container, its size, and Ctrl-P Ctrl-Q', async () => {
    const script = 'while read x; do stty size; echo "got $x"; done';
    const container = await running(script, { stdin: true, stdinOnce: true, tty: true });
    const session = await lab.attach(container, { stdin: true, stderr: false });
    const out = new Printed(session.stdout);
    for (let columns = 60; columns <= 100; columns++) session.resize(columns, 30);
    await eventually(async () => {
      expect(await execSync(cricket, container, 'stty size < /dev/pts/0')).to.equal('30 100');
    });
    session.stdin?.write('one\n');
    await says(out, '30 100\r\ngot one\r\n');
    session.stdin?.write('\u0010\u0011');
    expect(await session.ended).to.deep.equal({ how: 'detached' });
    const again = await lab.attach(container, { stdin: true, stderr: false });
    const more = new Printed(again.stdout);
    again.stdin?.write('two\n');
    await says(more, 'got two\r\n');
    again.stdin?.end();
    expect(await again.ended).to.deep.equal({ how: 'detached' });
    await remove(container);
  });

  it('throws away what is typed to a container without stdin', async () => {
    const container = await running('sleep 0.3; echo over');
    const session = await lab.attach(container, { stdin: true });
    session.stdin?.end(Buffer.alloc(1 << 20));
    expect(await new Printed(session.stdout).done).to.equal('over\n');
  });

  it('gives a lot to a container that reads slowly, and takes a lot', async () => {
    const container = await running('sleep 0.3; md5sum; head -c 5000000 /dev/zero; echo end', {
      ...{ stdin: true, stdinOnce: true },
    });
    const session = await lab.attach(container, { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.end(Buffer.alloc(3_000_001, 'x'));
    const text = await out.done;
    expect(text.slice(0, 32)).to.match(/^[0-9a-f]{32}$/);
    expect(text.length).to.equal(36 + 5_000_000 + 4);
  });

  it('that takes nothing stops container, log and others for seconds only', async () => {
    const container = await running('i=0; while :; do i=$((i+1)); echo "$i 0123456789 0123456789 0123456789"; done');
    const stuck = await lab.attach(container);
    const other = await lab.attach(container);
    let bytes = 0;
    other.stdout?.on('data', (chunk: Buffer) => (bytes += chunk.length));
    const end = await stuck.ended;
    expect(end).to.include({ how: 'lost' });
    const before = bytes;
    await eventually(() => expect(bytes).to.be.greaterThan(before + 100_000));
    await cricket.client.runtime.reopenContainerLog({ containerId: container.id });
    await delay(10);
    other.hangUp();
    await remove(container);
  });
});
