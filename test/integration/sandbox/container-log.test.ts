import { expect } from 'chai';
import { existsSync, renameSync } from 'node:fs';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, eventually, exited, readLog, runContainer, runPod } from '../../fixtures/pods.ts';
import type { LogLine, TestContainer, TestPod } from '../../fixtures/pods.ts';
import { fails } from './lab.ts';

/** What a stream said, its lines put together of their parts. */
function said(lines: readonly LogLine[], stream = 'stdout'): readonly string[] {
  const own = lines.filter((line) => line.stream === stream);
  return own
    .map(({ tag, text }) => (tag === 'F' ? `${text}\n` : text))
    .join('')
    .split('\n')
    .slice(0, -1);
}

describe('the log of a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let count = 0;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'a' });
  });
  after(async () => cricket.stop());

  const running = async (script: string, wish = {}): Promise<TestContainer> =>
    runContainer(cricket, pod, { name: `c${count++}`, command: ['sh', '-c', script], ...wish });
  const reopen = async ({ id }: TestContainer) => cricket.client.runtime.reopenContainerLog({ containerId: id });

  async function logOf(script: string, wish = {}) {
    const container = await running(script, wish);
    await exited(cricket, container.id);
    return readLog(container.logPath);
  }

  it('has a line per line, with stream, tag and nanoseconds', async () => {
    const before = Date.now();
    const lines = await logOf('echo one; echo two >&2; echo; echo "  three  four"');
    expect(lines.map(({ stream, tag, text }) => [stream, tag, text]).toSorted()).to.deep.equal([
      ['stderr', 'F', 'two'],
      ['stdout', 'F', ''],
      ['stdout', 'F', '  three  four'],
      ['stdout', 'F', 'one'],
    ]);
    for (const { time } of lines) {
      expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)$/);
      expect(Date.parse(time)).to.be.within(before - 1, Date.now() + 1);
    }
  });

  it('marks parts of a line that is long or has no end, and loses nothing', async () => {
    const lines = await logOf('head -c 100000 /dev/zero | tr "\\0" a; echo; printf "no end"');
    expect(lines.map(({ text }) => text).join('')).to.equal(`${'a'.repeat(100_000)}no end`);
    expect(lines.length).to.be.greaterThan(3);
    const end = lines.findIndex(({ tag }) => tag === 'F');
    expect(lines.slice(0, end).every(({ tag }) => tag === 'P')).to.equal(true);
    expect(lines.slice(0, end + 1).reduce((sum, { text }) => sum + text.length, 0)).to.equal(100_000);
    expect(lines.at(-1)).to.include({ tag: 'P', text: 'no end' });
  });

  it('keeps both streams apart and each in its order', async () => {
    const lines = await logOf('for i in $(seq 200); do echo $i; echo $i >&2; done');
    const wanted = Array.from({ length: 200 }, (_value, i) => String(i + 1));
    for (const name of ['stdout', 'stderr']) expect(said(lines, name)).to.deep.equal(wanted);
  });

  it('is complete when the container is seen to have ended', async () => {
    const lines = said(await logOf('seq 20000'));
    expect([lines.length, lines.at(-1)]).to.deep.equal([20_000, '20000']);
  });

  it('has the output of a terminal on stdout', async () => {
    const lines = await logOf('echo one; echo two >&2', { tty: true });
    expect(lines.map(({ stream, text }) => [stream, text.trimEnd()])).to.deep.equal([
      ['stdout', 'one'],
      ['stdout', 'two'],
    ]);
  });

  it('is nowhere without a path', async () => {
    const container = await running('echo lost', { logPath: '' });
    expect(await exited(cricket, container.id)).to.include({ exitCode: 0, logPath: '' });
  });

  it('goes on in a new file after a rotation, and nothing is lost between', async () => {
    const container = await running('i=0; while :; do i=$((i+1)); echo $i; done');
    const { logPath } = container;
    expect((await containerStatus(cricket, container.id)).logPath).to.equal(logPath);
    for (let rotation = 1; rotation <= 3; rotation++) {
      await eventually(() => expect(readLog(logPath)).to.have.length.of.at.least(50));
      renameSync(logPath, `${logPath}.${rotation}`);
      await reopen(container);
      expect(existsSync(logPath)).to.equal(true);
    }
    await eventually(() => expect(readLog(logPath)).to.have.length.of.at.least(50));
    await cricket.client.runtime.stopContainer({ containerId: container.id });
    const files = [1, 2, 3].map((rotation) => `${logPath}.${rotation}`);
    const numbers = said([...files, logPath].flatMap(readLog)).map(Number);
    expect(numbers.findIndex((value, i) => value !== i + 1)).to.equal(-1);
  });

  it('is not opened anew for one that ended or never was', async () => {
    const container = await running('exit 0');
    await exited(cricket, container.id);
    await fails(reopen(container), 'FAILED_PRECONDITION', 'exited');
    await fails(reopen({ ...container, id: 'f'.repeat(64) }), 'NOT_FOUND', 'not found');
  });
});
