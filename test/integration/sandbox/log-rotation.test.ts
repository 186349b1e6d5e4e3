import { expect } from 'chai';
import { renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, exited, readLog, runContainer, runPod } from '../../fixtures/pods.ts';
import type { LogLine, TestContainer, TestPod } from '../../fixtures/pods.ts';

/** Bytes. */
const cap = 65_536;

describe('the log of a container under load', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let count = 0;
  before(async () => {
    cricket = await startCricket({ config: `containers.log_size_max = ${cap}` });
    pod = await runPod(cricket, { name: 'a' });
  });
  after(async () => cricket.stop());

  const running = async (script: string): Promise<TestContainer> =>
    runContainer(cricket, pod, { name: `c${count++}`, command: ['sh', '-c', script] });
  const joined = (lines: readonly LogLine[]) =>
    lines.map(({ tag, text }) => (tag === 'F' ? `${text}\n` : text)).join('');

  it('loses and repeats no line while it is rotated again and again', async () => {
    const plain = await startCricket();
    try {
      const busy = await runPod(plain, { name: 'b' });
      const command = ['sh', '-c', 'sleep 0.2; seq 400000; sleep 3600'];
      const { id, logPath } = await runContainer(plain, busy, { name: 'busy', command });
      const files: string[] = [];
      const rotate = async () => {
        const file = `${logPath}.${files.length}`;
        renameSync(logPath, file);
        await plain.client.runtime.reopenContainerLog({ containerId: id });
        files.push(file);
      };
      while (files.length < 12) {
        await delay(40);
        await rotate();
      }
      const all = () => joined([...files, logPath].flatMap(readLog));
      await eventually(() => expect(all().endsWith('\n400000\n')).to.equal(true));
      const lines = all().trimEnd().split('\n');
      expect(lines.findIndex((line, at) => line !== String(at + 1))).to.equal(-1);
      expect(lines).to.have.length(400_000);
    } finally {
      await plain.stop();
    }
  });

  it('keeps long lines and bytes that are no text', async () => {
    const container = await running(
      'head -c 20000 /dev/zero | tr "\\0" "\\377"; echo; printf "\\000\\033[1m\\r\\n"; printf end',
    );
    await exited(cricket, container.id);
    const text = joined(readLog(container.logPath));
    expect(text.split('\n').map((line) => line.length)).to.deep.equal([20_000, 6, 3]);
  });

  it('is begun anew above the size that is set, with whole entries', async () => {
    const container = await running('seq 100000; echo last');
    await exited(cricket, container.id);
    expect(statSync(container.logPath).size).to.be.lessThan(cap + 100);
    const lines = joined(readLog(container.logPath)).trimEnd().split('\n');
    expect(lines.at(-1)).to.equal('last');
    expect(Number(lines.at(-2))).to.equal(100_000);
    expect(Number(lines[0])).to.be.greaterThan(1);
  });
});
