import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, removePod, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../fixtures/pods.ts';
import { processesBelow, sh } from '../integration/sandbox/lab.ts';
import { crictlFor } from './crictl/crictl.ts';
import type { Crictl } from './crictl/crictl.ts';
import { Person } from './crictl/person.ts';

describe('crictl streams', () => {
  let cricket: Cricket;
  let crictl: Crictl;
  let pod: TestPod;
  let container: TestContainer;
  before(async function () {
    this.timeout(300_000);
    cricket = await startCricket();
    crictl = crictlFor(cricket);
    pod = await runPod(cricket, { name: 'a' });
    container = await runContainer(cricket, pod, { name: 'c' });
  });
  after(async () => {
    await removePod(cricket, pod.id);
    await cricket.stop();
  });

  for (const transport of ['spdy', 'websocket'] as const)
    describe(`over ${transport}`, () => {
      const exec = (...args: readonly string[]) => ['exec', '-r', transport, ...args];
      /** At a terminal, with a shell in the container. */
      const atShell = () => new Person([crictl.command, ...exec('-it', container.id, 'sh')].join(' '));

      it('run a command: both streams, its exit code, what it reads', async () => {
        const both = await crictl.run(...exec(container.id, 'sh', '-c', 'echo out; echo err >&2; exit 3'));
        expect(both.out).to.equal('out\n');
        expect(both.err)
          .to.match(/^err\n/)
          .and.to.match(/exit code:? 3/);
        expect(both.code).to.not.equal(0);
        expect((await crictl.run(...exec(container.id, 'no-such-program'))).err).to.match(/exit code:? 127/);
      });

      it('carry much in both directions, as it is', async () => {
        const input = Buffer.alloc(20_000_000, 'cricket');
        const child = spawn(crictl.binary, [...crictl.flags, ...exec('-i', container.id, 'cat')]);
        child.stdin.end(input);
        const hash = createHash('sha256');
        for await (const chunk of child.stdout) hash.update(chunk as Buffer);
        expect(hash.digest('hex')).to.equal(createHash('sha256').update(input).digest('hex'));
      });

      it('are a terminal: its size, Ctrl-C, a full screen, Ctrl-D', async () => {
        using person = atShell();
        await person.sees('# ');
        person.types('stty size\r');
        await person.sees('30 100');
        person.resizes(132, 43);
        await delay(300);
        person.types('stty size\r');
        await person.sees('43 132');
        person.types('sh -c "echo be\'\'gun; sleep 3600"\r');
        await person.sees('begun');
        person.types('\u0003');
        await delay(100);
        person.types('echo back $?\r');
        await person.sees('back 130');
        person.types('vi /poem\r');
        await person.sees('\u001b[43;1H');
        for (const keys of ['i', 'full screen', '\u001b', ':wq\r']) {
          person.types(keys);
          await delay(200);
        }
        await eventually(async () => expect(await sh(cricket, container, 'cat /poem')).to.equal('full screen'));
        person.types('rm /poem; exit 7\r');
        expect(await person.left).to.not.equal(0);
        using other = atShell();
        await other.sees('# ');
        other.types('\u0004');
        expect(await other.left).to.equal(0);
      });

      it('let a client go by Ctrl-P Ctrl-Q, and hang up one whose terminal goes', async () => {
        const group = cricket.containerCgroup(pod.id, container.id);
        const before = processesBelow(group).length;
        const person = atShell();
        await person.sees('# ');
        person.types('echo $$ > /left\r');
        await person.sees('left');
        await delay(100);
        person.types('\u0010\u0011');
        expect(await person.left).to.equal(0);
        await sh(cricket, container, 'kill -0 $(cat /left) && kill -9 $(cat /left)');
        const gone = atShell();
        await gone.sees('# ');
        gone[Symbol.dispose]();
        await eventually(() => expect(processesBelow(group)).to.have.length(before));
      });

      it('attach: see, type, let themselves go, and come again', async () => {
        const command = ['sh', '-c', 'while read x; do echo "got $x"; done'];
        const wish = { name: `attached-${transport}`, command, stdin: true, tty: true };
        const { id } = await runContainer(cricket, pod, wish);
        const attach = `${crictl.command} attach -r ${transport} -it ${id}`;
        const person = new Person(attach);
        await typed(person, 'one', 'got one');
        person.types('\u0010\u0011');
        expect(await person.left).to.equal(0);
        using again = new Person(attach);
        await typed(again, 'two', 'got two');
        await cricket.client.runtime.stopContainer({ containerId: id });
        expect(await again.left).to.equal(0);
      });
    });

  it('whose daemon is killed end, and leave nothing but the container', async () => {
    const group = cricket.containerCgroup(pod.id, container.id);
    const before = processesBelow(group).length;
    const command = ['sh', '-c', '(setsid sleep 1301 &); exec sleep 1302'];
    const clients = [[], ['-i']].map((flags) =>
      spawn(crictl.binary, [...crictl.flags, 'exec', ...flags, container.id, ...command]),
    );
    using person = new Person(`${crictl.command} exec -it ${container.id} sh`);
    await person.sees('# ');
    await eventually(() => expect(processesBelow(group).length).to.equal(before + 5));
    await cricket.restart();
    await person.left;
    for (const client of clients) if (client.exitCode === null) await once(client, 'exit');
    await eventually(() => expect(processesBelow(group)).to.have.length(before));
    expect(await sh(cricket, container, 'echo unharmed')).to.equal('unharmed');
  });

  it('of a client that went leave a command that outlives the daemon too, and do not keep that from ending', async () => {
    const group = cricket.containerCgroup(pod.id, container.id);
    const before = processesBelow(group);
    const left = () => processesBelow(group).filter((pid) => !before.includes(pid));
    const client = spawn(crictl.binary, [...crictl.flags, 'exec', container.id, 'sleep', '1303']);
    await eventually(() => expect(left()).to.have.length(1));
    client.kill('SIGKILL');
    await eventually(() => expect(cricket.log()).to.contain('"end":"client gone"'));
    await cricket.sigterm();
    await cricket.start();
    await delay(300);
    expect(left()).to.have.length(1);
    for (const pid of left()) process.kill(pid, 'SIGKILL');
    await eventually(() => expect(left()).to.deep.equal([]));
  });

  /** Again and again: what is typed before the attach is heard by nobody. */
  const typed = async (person: Person, text: string, answer: string) =>
    eventually(async () => {
      person.types(`${text}\r`);
      await delay(200);
      expect(person.screen).to.contain(answer);
    });
});
