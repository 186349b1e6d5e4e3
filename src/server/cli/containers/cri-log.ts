/** An entry of a CRI log: `TIME STREAM TAG TEXT`, tags F for a whole line and P for a part of one, separated by `:`. */
export interface LogEntry {
  /** As it stands there, RFC 3339. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** More of the same line follows. */
  readonly partial: boolean;
  /** Whatever bytes the container wrote, without the end of the line. */
  readonly text: Buffer;
}

const space = 0x20;

/** Undefined for what is no entry: a line torn by a full disk, mostly. */
export function parseLogEntry(line: Buffer): LogEntry | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  const third = line.indexOf(space, second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const time = line.toString('latin1', 0, first);
  const stream = line.toString('latin1', first + 1, second);
  if ((stream !== 'stdout' && stream !== 'stderr') || Number.isNaN(Date.parse(time))) return undefined;
  const partial = line
    .toString('latin1', second + 1, third)
    .split(':')
    .includes('P');
  return { time, stream, partial, text: line.subarray(third + 1) };
}

/** Cuts what comes into lines without their ends. A line that has no end yet waits for it. */
export class Lines {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<Buffer> {
    const whole = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let end = whole.indexOf(10); end >= 0; end = whole.indexOf(10, from)) {
      yield whole.subarray(from, end);
      from = end + 1;
    }
    this.#rest = Buffer.from(whole.subarray(from));
  }
}
