import { checked, libc } from './libc.ts';

/** setresuid(2), past glibc: its own takes all threads along. */
const SYS_setresuid = process.arch === 'arm64' ? 147 : 117;
const setresuid = libc.func('syscall', 'long', ['long', 'int64', 'int64', 'int64']);
const unchanged = -1;

/**
 * Acts with the calling thread's effective user another one's, without the powers of root. The kernel lets only the
 * root of a namespace write what is that root's (ipc_sysctl.c). `act` is synchronous and starts no thread.
 */
export function asUser<T>(uid: number, act: () => T): T {
  checked(setresuid(SYS_setresuid, unchanged, uid, unchanged) as number, `act as user ${uid}`);
  try {
    return act();
  } finally {
    checked(setresuid(SYS_setresuid, unchanged, 0, unchanged) as number, 'act as root again');
  }
}
