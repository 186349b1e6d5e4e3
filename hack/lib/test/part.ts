/**
 * part.ts [--leave-nothing] FILE... : runs test files by mocha in this process and sends the counts to the parent.
 * --leave-nothing: fails when something is left behind. An interrupt ends after the running test, which has ten seconds
 * for it, and at once at the second interrupt; hooks run, so that nothing is left.
 */
import Mocha from 'mocha';
import { resolve } from 'node:path';
import { patience } from '../../../test/fixtures/pace.ts';
import { mochaHooks } from '../../../test/leftovers/hook.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Full titles, each with the beginning of what was wrong in the lines below it. */
  readonly failures: readonly string[];
}

if (import.meta.main) {
  const [first, ...rest] = process.argv.slice(2);
  const strict = first === '--leave-nothing';
  await run(strict ? rest : [first ?? '', ...rest], strict);
}

async function run(files: readonly string[], strict: boolean): Promise<void> {
  stretchLimits();
  // Milliseconds of a test or hook that names no limit of its own: only what hangs shall meet it, also on a busy machine.
  const mocha = new Mocha({ reporter: 'spec', timeout: 60_000, ...(strict ? { rootHooks: mochaHooks } : {}) });
  for (const file of files) mocha.addFile(resolve(file));
  await mocha.loadFilesAsync();
  const failures: string[] = [];
  let current = 'loading';
  // Only what calls process.exit itself ends while this is set.
  const exited = () => console.error(`\nthis process was ended during: ${current}`);
  process.once('exit', exited);
  let ended: NodeJS.Signals | undefined;
  const runner = mocha.run(() => {
    const { passes = 0, failures: failed = 0, pending = 0 } = runner.stats ?? {};
    process.off('exit', exited);
    const unfinished = ended === undefined ? [] : [`ended by ${ended} during: ${current}; what follows did not run`];
    const counts: Counts = {
      passed: passes,
      failed: failed + unfinished.length,
      skipped: pending,
      failures: [...failures, ...unfinished],
    };
    // What still holds the event loop open is not waited for.
    if (process.send === undefined) process.exit(counts.failed === 0 ? 0 : 1);
    process.send(counts, () => process.exit(counts.failed === 0 ? 0 : 1));
  });
  runner.on('test', (test) => (current = test.fullTitle()));
  runner.on('fail', (test, error: unknown) => failures.push(told(test.fullTitle(), error)));
  // A parent that was killed counts no more.
  process.once('disconnect', () => {
    runner.abort();
    setTimeout(() => giveUp(runner, 'the test run ended'), graceMs);
  });
  let endedAt = -Infinity;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // Both may come of one interrupt: one from the terminal, one from the parent.
      if (performance.now() - endedAt < sameInterruptMs) return;
      endedAt = performance.now();
      if (ended === undefined) setTimeout(() => giveUp(runner, signal), graceMs);
      else giveUp(runner, signal);
      ended = signal;
      runner.abort();
    });
}

/** Milliseconds that a running test has after an interrupt. */
const graceMs = 10_000;
const sameInterruptMs = 500;

/** Fails the running test as if its time were up. Hooks go on: they clean up. */
function giveUp({ currentRunnable: running }: Mocha.Runner, why: string): void {
  if (!(running instanceof Mocha.Test) || running.state !== undefined || running.timedOut) return;
  running.callback?.(new Error(`ended by ${why}`));
  // What it says later is not heard.
  running.timedOut = true;
}

const reasonLines = 8;
const reasonWidth = 300;

/** Whoever has only the last lines of a run reads there why. */
function told(title: string, error: unknown): string {
  const reason = (error instanceof Error ? error.message : String(error)).split('\n').slice(0, reasonLines);
  return [title, ...reason.map((text) => text.slice(0, reasonWidth))].join('\n');
}

/** Of a test or hook, when it is run: limits of suites are handed down before. */
function stretchLimits(): void {
  const runnable = Mocha.Runnable.prototype as { timeout: (...limit: unknown[]) => unknown };
  const { timeout } = runnable;
  runnable.timeout = function (...limit) {
    const answer = timeout.apply(this, limit);
    return typeof answer === 'number' ? patience(answer) : answer;
  };
}
