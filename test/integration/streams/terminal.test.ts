import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../fixtures/pods.ts';
import { sh as execSync } from '../sandbox/lab.ts';
import { Printed } from './lab.ts';
import { Subject } from './subject.ts';

describe('a command on a terminal in a container', () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.start();
  });
  after(async () => subject[Symbol.asyncDispose]());
  afterEach(async () => subject.settled());

  it('has one in the container, of the size that the client has', async () => {
    const session = await subject.sh('tty; echo $TERM; read x; stty size; echo "got $x"', { tty: true, stdin: true });
    const out = new Printed(session.stdout);
    await eventually(() => expect(out.text).to.match(/^\/dev\/pts\/\d+\r\nxterm\r\n$/));
    session.resize(100, 30);
    session.stdin?.write('typed\n');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(await out.done).to.match(/\ntyped\r\n30 100\r\ngot typed\r\n$/);
    session.resize(1, 1);
  });

  it('is interrupted by Ctrl-C and ended by Ctrl-D', async () => {
    const interrupted = await subject.sh('trap "echo caught; exit 5" INT; echo go; while :; do sleep 0.01; done', {
      ...{ tty: true, stdin: true },
    });
    const out = new Printed(interrupted.stdout);
    await eventually(() => expect(out.text).to.contain('go'));
    interrupted.stdin?.write('\u0003');
    expect(await interrupted.ended).to.deep.equal({ how: 'exited', code: 5 });
    const ended = await subject.lab.exec(subject.container, { command: ['cat'], tty: true, stdin: true });
    ended.stdout?.resume();
    ended.stdin?.write('line\n\u0004');
    expect(await ended.ended).to.deep.equal({ how: 'exited', code: 0 });
  });

  it('lives on when the input of the client ends, which had its say first', async () => {
    const session = await subject.sh('read x; trap "" HUP; touch "/$x"; exec sleep 1208', { tty: true, stdin: true });
    session.stdin?.end('typed\n');
    expect(await session.ended).to.deep.equal({ how: 'detached' });
    await eventually(() => expect(subject.groupOf('sleep 1208')).to.match(/exec-/));
    await execSync(subject.cricket, subject.container, 'test -e /typed');
    subject.endAll('1208');
  });

  it('waits while nobody reads, and loses nothing', async () => {
    const session = await subject.sh('seq 300000; echo over > /tty-over', { tty: true });
    await delay(300);
    expect(await execSync(subject.cricket, subject.container, 'ls /tty-over 2>/dev/null || true')).to.equal('');
    const lines = (await new Printed(session.stdout).done).split('\r\n');
    expect([lines.length, lines.at(-2)]).to.deep.equal([300_001, '300000']);
  });

  it('is hung up when the client goes', async () => {
    const session = await subject.sh('trap "touch /hung-up; exit" HUP; echo go; while :; do sleep 0.01; done', {
      tty: true,
    });
    const out = new Printed(session.stdout);
    await eventually(() => expect(out.text).to.contain('go'));
    session.hangUp();
    await session.ended;
    await execSync(subject.cricket, subject.container, 'test -e /hung-up');
  });

  it('is killed with all it started 10 s after a hang-up that it bears', async () => {
    const session = await subject.sh('trap "" HUP; setsid sleep 1205 & echo go; while :; do sleep 0.1; done', {
      tty: true,
    });
    const out = new Printed(session.stdout);
    await eventually(() => expect(out.text).to.contain('go'));
    const begun = performance.now();
    session.hangUp();
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 137 });
    expect(performance.now() - begun).to.be.greaterThan(9_500);
    await subject.idle();
  });

  it('that ends at a hang-up leaves what does not hear it to the container', async () => {
    const session = await subject.sh('(trap "" HUP; exec sleep 1206) & echo go; read x', { tty: true, stdin: true });
    const out = new Printed(session.stdout);
    await eventually(() => expect(out.text).to.contain('go'));
    await eventually(() => expect(subject.groupOf('sleep 1206')).to.match(/exec-/));
    session.hangUp();
    await session.ended;
    await eventually(() => expect(subject.groupOf('sleep 1206')).to.equal('.'));
    subject.endAll('1206');
  });

  it('lives on when the client lets itself go by Ctrl-P Ctrl-Q', async () => {
    const session = await subject.sh('trap "" HUP; read x; echo "read $x"; exec sleep 1207', {
      tty: true,
      stdin: true,
    });
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
    expect(subject.groupOf('sleep 1207')).to.match(/exec-/);
    subject.endAll('1207');
  });

  it('that closes its terminal is not hung up by that', async () => {
    const session = await subject.sh('exec <&- >&- 2>&-; sleep 0.3; echo again > /dev/tty; exit 6', { tty: true });
    session.stdout?.resume();
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 6 });
  });
});
