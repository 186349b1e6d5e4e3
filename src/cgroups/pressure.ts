import { KeyedFile, key, numberAt } from './file-bytes.ts';
import type { FileBytes, ReadBytes } from './file-bytes.ts';

/** Part of the time in which tasks waited: percentages over 10, 60 and 300 seconds, and the sum in microseconds. */
export interface PressureShare {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalUs: number;
}

/** accounting/psi.rst. `some`: at least one task waited; `full`: all did. */
export interface Pressure {
  readonly some: PressureShare;
  readonly full: PressureShare;
}

export interface PressureStats {
  readonly cpu: Pressure | undefined;
  readonly memory: Pressure | undefined;
  readonly io: Pressure | undefined;
}

const populated = key('populated');

/**
 * Only the v2 tree has pressure files. Beside v1 it counts the processes that the OCI runtime put there too; where it
 * put none, zeros would be untrue. Undefined then, without such a cgroup, and where the kernel was booted with psi=0.
 */
export function pressureStats(read: ReadBytes, besideV1: boolean): PressureStats | undefined {
  if (besideV1) {
    const events = read('cgroup.events');
    if (events === undefined || new KeyedFile(events).of(populated) !== 1) return undefined;
  }
  const cpu = parsePressure(read('cpu.pressure'));
  const memory = parsePressure(read('memory.pressure'));
  const io = parsePressure(read('io.pressure'));
  return cpu === undefined && memory === undefined && io === undefined ? undefined : { cpu, memory, io };
}

const letterS = 's'.charCodeAt(0);
const letterF = 'f'.charCodeAt(0);
const equals = '='.charCodeAt(0);
const dot = '.'.charCodeAt(0);
const lineEnd = '\n'.charCodeAt(0);
const none: PressureShare = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 };

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and the same for full, which CPU lacked before Linux 5.13. */
function parsePressure(file: FileBytes | undefined): Pressure | undefined {
  if (file === undefined || file.length === 0 || file.bytes[0] !== letterS) return undefined;
  const second = file.bytes.indexOf(lineEnd) + 1;
  const hasFull = second > 0 && second < file.length && file.bytes[second] === letterF;
  return { some: parseShare(file, 0), full: hasFull ? parseShare(file, second) : none };
}

function parseShare(file: FileBytes, from: number): PressureShare {
  const avg10 = after(file, from);
  const avg60 = after(file, avg10);
  const avg300 = after(file, avg60);
  return {
    avg10: percentAt(file, avg10),
    avg60: percentAt(file, avg60),
    avg300: percentAt(file, avg300),
    totalUs: numberAt(file, after(file, avg300)) ?? 0,
  };
}

/** Behind the next `=`. */
function after({ bytes, length }: FileBytes, from: number): number {
  let at = from;
  while (at < length && bytes[at] !== equals) at++;
  return at + 1;
}

/** A number with two digits behind the point, as the kernel prints it. */
function percentAt(file: FileBytes, from: number): number {
  let point = from;
  while (point < file.length && file.bytes[point] !== dot) point++;
  return ((numberAt(file, from) ?? 0) * 100 + (numberAt(file, point + 1) ?? 0)) / 100;
}
