import { expect } from 'chai';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { Printed, StreamLab } from './lab.ts';

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

  it('sees what is printed from then on, on both streams', async () => {
    const container = await running('read x; echo "got $x"; echo err >&2; exit 3', { stdin: true, stdinOnce: true });
    const session = await lab.attach(container, { stdin: true });
    const [out, err] = [new Printed(session.stdout), new Printed(session.stderr)];
    session.stdin?.write('typed\n');
    expect(await session.ended).to.deep.equal({ how: 'exited', code: 0 });
    expect([await out.done, await err.done]).to.deep.equal(['got typed\n', 'err\n']);
  });

  it('dials', async () => {
    await running('while :; do echo hello | nc -l -p 80; done');
    await eventually(async () => {
      const out = new Printed(await lab.dial(pod, 80));
      expect(await out.done).to.equal('hello\n');
    });
  });
});
