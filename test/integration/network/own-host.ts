import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const setns = libc.func('int setns(int fd, int type)');
const unshare = libc.func('int unshare(int flags)');
const CLONE_NEWNET = 0x4000_0000;

/**
 * The main thread, and all threads and programs that it starts from now on, have a network of their own, which plays
 * the host's: what a test does to its rules and settings nobody else feels. Dispose it in an `after`.
 */
export function enterOwnHost(): Disposable {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  if ((unshare(CLONE_NEWNET) as number) !== 0) throw new Error('cannot make a network namespace');
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  return {
    [Symbol.dispose]: () => {
      if ((setns(home, CLONE_NEWNET) as number) !== 0) throw new Error('cannot go back to the network of the host');
      closeSync(home);
    },
  };
}
