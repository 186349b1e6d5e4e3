import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';

/**
 * Mounts a file system on `point` that never answers: nobody reads what the kernel writes to its descriptor, so
 * whoever looks at the folder waits. Closing the descriptor ends the wait of all, and so does the end of this process.
 */
export function mountDeadFuse(point: string): Disposable {
  mkdirSync(point, { recursive: true });
  const fd = openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
  // -i: the kernel's own mount, without the helper that would look for a server.
  const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'cricket-bench', point], {
    stdio: ['ignore', 'ignore', 'inherit', fd],
  });
  if (mounted.status !== 0) {
    closeSync(fd);
    throw new Error(`cannot mount a FUSE file system on ${point}`);
  }
  return {
    [Symbol.dispose]: () => {
      closeSync(fd);
      execFileSync('umount', ['--lazy', point]);
    },
  };
}
