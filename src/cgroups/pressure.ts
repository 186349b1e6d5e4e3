import { parseKeyed } from './controllers/text.ts';
import type { ReadFile } from './group.ts';

/** Part of the time in which tasks waited: percentages over 10, 60 and 300 seconds, and the sum in microseconds. */
export interface PressureShare {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalUs: bigint;
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

/**
 * Only the v2 tree has pressure files. Beside v1 it counts the processes that the OCI runtime put there too; where it
 * put none, zeros would be untrue. Undefined then, without such a cgroup, and where the kernel was booted with psi=0.
 */
export function pressureStats(read: ReadFile, besideV1: boolean): PressureStats | undefined {
  if (besideV1 && parseKeyed(read('cgroup.events') ?? '')('populated') !== 1n) return undefined;
  const cpu = parsePressure(read('cpu.pressure'));
  const memory = parsePressure(read('memory.pressure'));
  const io = parsePressure(read('io.pressure'));
  return cpu === undefined && memory === undefined && io === undefined ? undefined : { cpu, memory, io };
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and the same for full, which CPU lacked before Linux 5.13. */
function parsePressure(text: string | undefined): Pressure | undefined {
  if (text?.startsWith('some ') !== true) return undefined;
  const full = text.indexOf('\nfull ');
  return { some: parseShare(text, 0), full: full < 0 ? none : parseShare(text, full) };
}

/** It and the line end, which is below it, end a field. */
const space = 32;
const none: PressureShare = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0n };

function parseShare(text: string, from: number): PressureShare {
  const field = (name: string) => {
    const start = text.indexOf(name, from) + name.length;
    let end = start;
    while (end < text.length && text.charCodeAt(end) > space) end++;
    return text.slice(start, end);
  };
  return {
    avg10: Number(field('avg10=')),
    avg60: Number(field('avg60=')),
    avg300: Number(field('avg300=')),
    totalUs: BigInt(field('total=')),
  };
}
