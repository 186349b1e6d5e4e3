import { closeSync, openSync } from 'node:fs';
import { checked, libc } from './libc.ts';

const cSyncfs = libc.func('int syncfs(int fd)');

/** Writes everything of the file system that holds `path` to its disk. Waits for the disk: call it in a Worker. */
export function syncFileSystem(path: string): void {
  const fd = openSync(path, 'r');
  try {
    checked(Number(cSyncfs(fd)), `syncfs ${path}`);
  } finally {
    closeSync(fd);
  }
}
