import { expect } from 'chai';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { entries } from '../../leftovers/kernel.ts';
import { processesBelow } from '../sandbox/lab.ts';
import { Printed, StreamLab } from './lab.ts';

/** Processes of the container when nothing is executed in it: its shell, and what that waits for. */
const idle = 2;

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
    container = await runContainer(cricket, pod, { name: 'c' });
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

  it('gives both streams and its code', async () => {
    const session = await sh('echo out; echo err >&2; exit 3');
    const [out, err] = [new Printed(session.stdout), new Printed(session.stderr)];
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 3 });
    expect([await out.done, await err.done]).to.deep.equal(['out\n', 'err\n']);
  });

  it('reads what it is given to the end of it', async () => {
    const session = await sh('cat; echo end', { stdin: true });
    const out = new Printed(session.stdout);
    session.stdin?.write('hello ');
    session.stdin?.end('world\n');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(await out.done).to.equal('hello world\nend\n');
  });

  it('has a terminal when it is asked for', async () => {
    const session = await sh('tty; echo $TERM; read x; stty size; echo "got $x"', { tty: true, stdin: true });
    const out = new Printed(session.stdout);
    session.resize(100, 30);
    session.stdin?.write('typed\n');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect(await out.done).to.match(/^\/dev\/pts\/\d+\r\n(?:xterm\r\ntyped|typed\r\nxterm)\r\n30 100\r\ngot typed\r\n$/);
  });
});
