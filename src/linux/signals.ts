import { readFileSync } from 'node:fs';

/**
 * Whether a signal sent now would be thrown away if this is the first process of a PID namespace: the kernel
 * gives such a one only signals it has a handler for or has blocked. False when the process is gone.
 */
export function wouldBeLost(pid: number, signal: number): boolean {
  const status = readStatus(pid);
  return status !== undefined && !has(status, 'SigCgt', signal) && !has(status, 'SigBlk', signal);
}

function has(status: string, mask: 'SigCgt' | 'SigBlk', signal: number): boolean {
  const digits = new RegExp(`^${mask}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${digits}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

function readStatus(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return undefined;
  }
}
