/** What was read of a kernel file. Good until the next file is read: there is one buffer for all. */
export interface FileBytes {
  readonly bytes: Buffer;
  readonly length: number;
}

/** Reads a file of one cgroup by its bare name; undefined where file, controller or cgroup is absent. */
export type ReadBytes = (file: string) => FileBytes | undefined;

/** For files that are read seldom, or are hardly a number. */
export function textOf(file: FileBytes | undefined): string | undefined {
  return file?.bytes.toString('latin1', 0, file.length);
}

export function bytesOf(text: string): FileBytes {
  const bytes = Buffer.from(text, 'latin1');
  return { bytes, length: bytes.length };
}

/**
 * A file of one number; `max`, and nothing, are undefined. Numbers are doubles: above 2^53 (104 days of CPU time in
 * nanoseconds) they are right but for the last digit.
 */
export function numberIn(file: FileBytes | undefined): number | undefined {
  return file === undefined ? undefined : numberAt(file, 0);
}

/** The digits from there on; undefined where there are none. */
export function numberAt({ bytes, length }: FileBytes, start: number): number | undefined {
  let value = 0;
  let at = start;
  for (; at < length; at++) {
    const digit = (bytes[at] ?? 0) - zero;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return at === start ? undefined : value;
}

const zero = 0x30;
const lineEnd = 0x0a;

/** A key of a "flat keyed" file with the space behind it. */
export type Key = Uint8Array;
export const key = (name: string): Key => Buffer.from(`${name} `, 'latin1');

/**
 * The numbers of a "flat keyed" file, `key value` a line (cgroup-v2.rst, "Interface files"). Of fifty in memory.stat a
 * dozen are wanted, for every container, at every look: a key is searched from where the last one was found, so that
 * who asks in the order of the file goes through it once.
 */
export class KeyedFile {
  readonly #file: FileBytes;
  #next = 0;

  constructor(file: FileBytes) {
    this.#file = file;
  }

  of(wanted: Key): number | undefined {
    const { bytes, length } = this.#file;
    let line = lineOf(bytes, wanted, this.#next, length);
    if (line < 0) line = lineOf(bytes, wanted, 0, this.#next);
    if (line < 0) return undefined;
    this.#next = line;
    return numberAt(this.#file, line + wanted.length);
  }
}

/** Where the line begins that has the key; -1: none does. Both ends are beginnings of lines. */
function lineOf(bytes: Uint8Array, wanted: Key, from: number, to: number): number {
  for (let line = from; line < to;) {
    let at = 0;
    while (at < wanted.length && bytes[line + at] === wanted[at]) at++;
    if (at === wanted.length) return line;
    line += at;
    while (line < to && bytes[line] !== lineEnd) line++;
    line++;
  }
  return -1;
}
