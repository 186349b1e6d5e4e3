import { closeSync, openSync } from 'node:fs';
import { checked, libc } from './libc.ts';

const setnsCall = libc.func('int setns(int fd, int nstype)');

export const CLONE_NEWNET = 0x4000_0000;

/**
 * Runs `act` with the calling thread in the network namespace pinned at `path`, then takes the thread back.
 * Contract: `act` is synchronous and starts no thread (no asynchronous fs, dns or crypto call): whatever is born
 * there stays there. A socket opened inside keeps its namespace after the return, and keeps it alive until closed.
 * Errors: ENOENT, EINVAL (not a namespace), EPERM; if the way back fails, the thread must not be used any more.
 */
export function insideNetns<T>(path: string, act: () => T): T {
  // thread-self, not self: /proc/self/ns is the main thread's.
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    enter(path);
    try {
      return act();
    } finally {
      checked(setnsCall(home, CLONE_NEWNET) as number, 'setns back to the network namespace of the host');
    }
  } finally {
    closeSync(home);
  }
}

function enter(path: string): void {
  const namespace = openSync(path, 'r');
  try {
    checked(setnsCall(namespace, CLONE_NEWNET) as number, `setns to ${path}`);
  } finally {
    closeSync(namespace);
  }
}

/**
 * The same in one namespace after the other, back home once at the end: half the calls. Undefined where a namespace is
 * gone, or `act` failed there.
 */
export function insideEachNetns<T>(paths: readonly string[], act: (path: string) => T): readonly (T | undefined)[] {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    return paths.map((path) => {
      try {
        enter(path);
        return act(path);
      } catch {
        return undefined;
      }
    });
  } finally {
    try {
      checked(setnsCall(home, CLONE_NEWNET) as number, 'setns back to the network namespace of the host');
    } finally {
      closeSync(home);
    }
  }
}
