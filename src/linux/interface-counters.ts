import { closeSync, openSync, readSync } from 'node:fs';
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

/**
 * The interfaces of each namespace but its loopback; undefined where the namespace is gone. For a Worker's thread only,
 * see insideNetns. A descriptor held of net/dev would spare the way there, but it keeps the namespace alive, and with it
 * the links and addresses of a pod that is gone; a netlink dump takes the rtnl lock.
 */
export function readInterfaceCounters(
  namespaces: readonly string[],
): readonly (readonly InterfaceCounters[] | undefined)[] {
  return insideEachNetns(namespaces, () => parseInterfaces(readCounters()));
}

let buffer = Buffer.allocUnsafe(16_384);

function readCounters(): string {
  const fd = openSync('/proc/thread-self/net/dev', 'r');
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
