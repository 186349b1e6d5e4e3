import { readFileSync } from 'node:fs';
import { errno, errnoName, libc, syscallError } from './libc.ts';

/** Syscall numbers from 424 on are the same on every architecture. */
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const P_PIDFD = 3;
const WNOHANG = 1;
const WEXITED = 4;

const pidfdOpen = libc.func('syscall', 'long', ['long', 'int', 'uint']);
const pidfdSendSignal = libc.func('syscall', 'long', ['long', 'int', 'int', 'void *', 'uint']);
const waitid = libc.func('int waitid(int idtype, uint id, uint8_t *info, int options)');

/** How a process ended: its exit code, or the number of the signal that killed it. */
export type Ending =
  { readonly kind: 'exited'; readonly code: number } | { readonly kind: 'killed'; readonly signal: number };

/** Shell convention: 128 + n for a signal. */
export function exitCodeOf(ending: Ending): number {
  return ending.kind === 'exited' ? ending.code : 128 + ending.signal;
}

/** A descriptor that becomes readable when the process ends; undefined if there is no such process (ESRCH). */
export function openPidfd(pid: number): number | undefined {
  const fd = pidfdOpen(SYS_pidfd_open, pid, 0) as number;
  if (fd >= 0) return fd;
  const code = errno();
  if (errnoName(code) === 'ESRCH') return undefined;
  throw syscallError(`open process ${pid}`, code);
}

/** Signals exactly that process, never one that took over its number. False if it is gone (ESRCH). */
export function signalPidfd(fd: number, signal: number): boolean {
  if ((pidfdSendSignal(SYS_pidfd_send_signal, fd, signal, null, 0) as number) === 0) return true;
  const code = errno();
  if (errnoName(code) === 'ESRCH') return false;
  throw syscallError('signal a process', code);
}

/** Reaps a child that has ended; undefined for one that has not. */
export function reapPidfd(fd: number): Ending | undefined {
  const info = Buffer.alloc(128);
  if ((waitid(P_PIDFD, fd, info, WEXITED | WNOHANG) as number) < 0) throw syscallError('reap a child');
  // Of one that lives the kernel tells nothing: waitid(2).
  const signalNumber = info.readInt32LE(0);
  if (signalNumber === 0) return undefined;
  const status = info.readInt32LE(24);
  const CLD_EXITED = 1;
  return info.readInt32LE(8) === CLD_EXITED ? { kind: 'exited', code: status } : { kind: 'killed', signal: status };
}

/**
 * Field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it names a process for good.
 * Undefined when the process is gone or a zombie.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
