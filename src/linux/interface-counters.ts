import { closeSync, constants, openSync, readSync } from 'node:fs';
import { insideEachNetns } from './setns.ts';

/** Of one network interface since it was made, as its own namespace counts. */
export interface InterfaceCounters {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** A subject, and where its network namespace is pinned. */
export interface Pinned {
  readonly id: string;
  readonly netns: string;
}

/**
 * Reads the interfaces of namespaces again and again. For a Worker's thread only, see insideNetns. Of each one's net/dev
 * it holds a descriptor that only names the file (O_PATH): read through /proc/self/fd it spares the way into the
 * namespace, and it does not keep that alive as one for reading would, with the links and addresses of a pod that is
 * gone. A netlink dump instead would take the rtnl lock.
 */
export class InterfaceReader {
  /** By id: the name of the descriptor below /proc. */
  readonly #held = new Map<string, Held>();

  /** The interfaces of each but its loopback; undefined where the namespace is gone. */
  read(pinned: readonly Pinned[]): readonly (readonly InterfaceCounters[] | undefined)[] {
    const texts = pinned.map(({ id }) => this.#again(id));
    const missing = pinned.filter((_, i) => texts[i] === undefined);
    if (missing.length > 0) this.#enter(missing);
    return pinned.map(({ id }, i) => {
      const text = texts[i] ?? this.#again(id);
      return text === undefined ? undefined : parseInterfaces(text);
    });
  }

  /** Lets go of the descriptor. */
  forget(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    closeSync(held.fd);
    this.#held.delete(id);
  }

  #again(id: string): string | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return undefined;
    try {
      return readCounters(held.path);
    } catch {
      // ENOENT: the namespace is gone.
      this.forget(id);
      return undefined;
    }
  }

  #enter(pinned: readonly Pinned[]): void {
    const opened = insideEachNetns(
      pinned.map(({ netns }) => netns),
      () => openSync('/proc/thread-self/net/dev', pathOnly),
    );
    pinned.forEach(({ id }, i) => {
      const fd = opened[i];
      if (fd !== undefined) this.#held.set(id, { fd, path: `/proc/self/fd/${fd}` });
    });
  }
}

interface Held {
  readonly fd: number;
  readonly path: string;
}

/** O_PATH of open(2), the same on every architecture that Node runs on; Node does not name it. */
const pathOnly = 0o10000000;

let buffer = Buffer.allocUnsafe(16_384);

/** Errors: of open(2) and read(2). */
function readCounters(path: string): string {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    let length = 0;
    for (;;) {
      const count = readSync(fd, buffer, length, buffer.length - length, length);
      length += count;
      // It hands out whole lines, a page at a time: what came with less is all there is.
      if (count < 2048) return buffer.toString('latin1', 0, length);
      if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
    }
  } finally {
    closeSync(fd);
  }
}

/** proc_pid_net(5): two lines of heading, then `name: ` and eight numbers received, eight sent. */
export function parseInterfaces(text: string): readonly InterfaceCounters[] {
  const found: InterfaceCounters[] = [];
  for (let line = afterHeading(text); line > 0 && line < text.length;) {
    const end = text.indexOf('\n', line);
    const next = end < 0 ? text.length : end;
    const colon = text.lastIndexOf(':', next);
    const name = text.slice(line, Math.max(line, colon)).trim();
    if (name !== '' && name !== 'lo') found.push(countersOf(name, text, colon + 1));
    line = next + 1;
  }
  return found;
}

const afterHeading = (text: string): number => text.indexOf('\n', text.indexOf('\n') + 1) + 1;
const columns = 16;
const numbers = new Float64Array(columns);
const space = 0x20;
const zero = 0x30;

function countersOf(name: string, text: string, from: number): InterfaceCounters {
  let at = from;
  for (let column = 0; column < columns; column++) {
    while (text.charCodeAt(at) === space) at++;
    let value = 0;
    for (let digit = text.charCodeAt(at) - zero; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - zero)
      value = value * 10 + digit;
    numbers[column] = value;
  }
  const of = (column: number) => numbers[column] ?? 0;
  return {
    ...{ name, rxBytes: of(0), rxPackets: of(1), rxErrors: of(2), rxDropped: of(3) },
    ...{ txBytes: of(8), txPackets: of(9), txErrors: of(10), txDropped: of(11) },
  };
}
