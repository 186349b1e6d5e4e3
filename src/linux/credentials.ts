import { checked, libc } from './libc.ts';

/** setresuid(2), past glibc: its own takes all threads along. */
const SYS_setresuid = process.arch === 'arm64' ? 147 : 117;
const setresuid = libc.func('syscall', 'long', ['long', 'int64', 'int64', 'int64']);
const setfsuid = libc.func('int setfsuid(uint32_t uid)');
const setfsgid = libc.func('int setfsgid(uint32_t gid)');
const prctl = libc.func('int prctl(int option, ulong value)');
const PR_SET_SECUREBITS = 28;
const SECBIT_NO_SETUID_FIXUP = 4n;
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

/**
 * Acts with the files that the calling thread makes being another one's, and with all powers of root kept: a mount with
 * shifted owners takes no new file of one whom it does not map (EOVERFLOW). `act` is synchronous and starts no thread.
 * glibc's setfsuid, unlike its setuid, is of the one thread.
 */
export function makingFilesOf<T>(owner: { readonly uid: number; readonly gid: number }, act: () => T): T {
  checked(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) as number, 'keep capabilities');
  try {
    setfsgid(owner.gid);
    setfsuid(owner.uid);
    return act();
  } finally {
    setfsuid(0);
    setfsgid(0);
    checked(prctl(PR_SET_SECUREBITS, 0n) as number, 'let capabilities go with the user again');
  }
}
