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

interface PartOptions {
  /** part.ts, or what was made of it. */
  readonly program?: string;
  /** The most it may take; absent: half an hour. */
  readonly minutes?: number | undefined;
  /** NAME=value of what its tests shall know. */
  readonly variables?: readonly string[];
}

export function startPart(files: readonly string[], options: PartOptions = {}): RunningPart {
  const { program = sources, minutes = fileMinutes, variables = [] } = options;
  const child = fork(program, ['--leave-nothing', ...files], {
    env: { ...process.env, ...parsed(variables) },
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

function parsed(variables: readonly string[]): Record<string, string> {
  return Object.fromEntries(variables.map((variable) => variable.split(/=(.*)/s, 2) as [string, string]));
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
