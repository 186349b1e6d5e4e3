import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CricketError } from '../../base/errors.ts';
import { WorkerPool } from './pool.ts';

interface Tasks extends Record<string, (argument: never) => unknown> {
  readonly answer: (value: number) => number;
  readonly never: () => Promise<never>;
  /** How often it was run. */
  readonly tally: () => number;
}

/** Takes longer to start than its tasks may take. */
const slowStart = 1000;
const limit = 400;

describe('a pool of workers', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-pool-'));
    const serve = pathToFileURL(join(import.meta.dirname, 'serve.ts')).href;
    writeFileSync(
      join(dir, 'fast.mjs'),
      `import { serveTasks } from '${serve}';
      serveTasks({ answer: (value) => value + 1 });`,
    );
    const source = `import { serveTasks } from '${serve}';
      await new Promise((resolve) => setTimeout(resolve, ${slowStart}));
      let runs = 0;
      const never = () => new Promise(() => setInterval(() => {}, 1000));
      serveTasks({ answer: (value) => value + 1, never, tally: () => ++runs });`;
    writeFileSync(join(dir, 'worker.mjs'), source);
  });
  after(() => rmSync(dir, { recursive: true }));

  it('counts the time of a task from when a worker begins with it, and gives up one that goes on', async () => {
    const stuck: string[] = [];
    const module = pathToFileURL(join(dir, 'worker.mjs'));
    const options = { name: 'slow', module, size: 1, idleMs: 60_000, onStuck: (task: string) => stuck.push(task) };
    await using pool = new WorkerPool<Tasks>(options);
    const { signal } = new AbortController();
    expect(await pool.callWithin(limit, 'answer', 1, signal)).to.equal(2);
    const first = pool.callWithin(limit, 'never', undefined, signal).catch((error: unknown) => error);
    const second = pool.callWithin(limit, 'answer', 2, signal);
    expect(await first)
      .to.be.instanceOf(CricketError)
      .with.property('code', 'deadline_exceeded');
    expect(await second, 'by a new worker').to.equal(3);
    expect(stuck).to.deep.equal(['never']);
    const gone = AbortSignal.abort();
    expect(await pool.callWithin(limit, 'answer', 1, gone).catch((error: unknown) => error)).to.have.property(
      'code',
      'cancelled',
    );
  });

  it('keeps a worker that is still starting for who comes next, and runs nothing that was given up', async () => {
    const stuck: string[] = [];
    let started = 0;
    const count = () => {
      started++;
    };
    process.on('worker', count);
    try {
      const module = pathToFileURL(join(dir, 'worker.mjs'));
      const options = {
        name: 'starting',
        module,
        size: 1,
        idleMs: 60_000,
        onStuck: (task: string) => stuck.push(task),
      };
      await using pool = new WorkerPool<Tasks>(options);
      const soon = AbortSignal.timeout(slowStart / 10);
      const given = await pool.call('tally', undefined, soon).catch((error: unknown) => error);
      expect(given).to.have.property('code', 'deadline_exceeded');
      expect(await pool.call('tally', undefined, new AbortController().signal)).to.equal(1);
    } finally {
      process.off('worker', count);
    }
    expect({ started, stuck }).to.deep.equal({ started: 1, stuck: [] });
  });

  it('keeps the longer what is wanted again and again: of each Worker that ends something stays', async () => {
    const calls = 40;
    let started = 0;
    const count = () => {
      started++;
    };
    process.on('worker', count);
    try {
      const module = pathToFileURL(join(dir, 'fast.mjs'));
      await using pool = new WorkerPool<Tasks>({ name: 'now and then', module, size: 1, idleMs: 1 });
      const { signal } = new AbortController();
      for (let i = 0; i < calls; i++) {
        expect(await pool.call('answer', i, signal)).to.equal(i + 1);
        await delay(20);
      }
    } finally {
      process.off('worker', count);
    }
    // From a millisecond to an hour it doubles 22 times, however slow the machine is.
    expect(started).to.be.within(2, 23);
  });
});
