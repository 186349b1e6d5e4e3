import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Counts } from './part.ts';

/** No file may take longer, unless its lane says so: a hanging one is ended and counts as failed. */
const fileMinutes = 30;

/** Test files that run in a process of their own. */
export interface RunningPart {
  /** Of one that ends without having counted, or after it should have: one failure. */
  readonly counts: Promise<Counts>;
  readonly end: (signal: NodeJS.Signals) => void;
}

const sources = join(import.meta.dirname, 'part.ts');

/** `program`: part.ts, or what was made of it. `minutes`: the most it may take. */
export function startPart(files: readonly string[], program = sources, minutes = fileMinutes): RunningPart {
  const child = fork(program, ['--leave-nothing', ...files], {
    timeout: minutes * 60_000,
    killSignal: 'SIGKILL',
  });
  const told: Counts[] = [];
  child.on('message', (counts) => told.push(counts as Counts));
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
  });
  return {
    counts: ended.then((how) => told[0] ?? oneFailure(`${subject(files)}: ended by ${how} before its end`)),
    end: (signal) => void child.kill(signal),
  };
}

export const oneFailure = (title: string): Counts => ({ passed: 0, failed: 1, skipped: 0, failures: [title] });

export function subject(files: readonly string[]): string {
  return files.length === 1 ? files.join('') : `${files.length} files`;
}

export function total(counts: readonly Counts[]): Counts {
  const sum = (of: (count: Counts) => number) => counts.reduce((all, one) => all + of(one), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    skipped: sum(({ skipped }) => skipped),
    failures: counts.flatMap(({ failures }) => failures),
  };
}

export function line({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
