import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a machine's lane tells what it does. */
export interface Output {
  readonly write: (line: string) => void;
  /** What its programs say of errors, as it comes. */
  readonly error: (chunk: Buffer) => void;
}

export const toConsole: Output = {
  write: (line) => console.log(line),
  error: (chunk) => process.stderr.write(chunk),
};

/** A file of its own, for a lane that runs beside another. */
export interface Log extends Output {
  readonly path: string;
  readonly text: () => string;
}

const folder = join(import.meta.dirname, '../../../node_modules/.cache/lanes');

/** Begins it anew: an earlier run's is lost. */
export function openLog(lane: string): Log {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${lane}.log`);
  writeFileSync(path, '');
  return {
    path,
    write: (line) => appendFileSync(path, `${line}\n`),
    error: (chunk) => appendFileSync(path, chunk),
    text: () => readFileSync(path, 'utf8'),
  };
}
