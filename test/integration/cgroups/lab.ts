import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { openCgroups } from '../../../src/cgroups/cgroups.ts';
import type { Cgroups, CgroupsOptions } from '../../../src/cgroups/cgroups.ts';
import type { CgroupPath } from '../../../src/cgroups/path.ts';
import { patience } from '../../fixtures/pace.ts';

let made = 0;

/** A cgroup of this test's own below the root of every hierarchy; goes with all that runs in it. */
export interface Lab extends AsyncDisposable {
  readonly cgroups: Cgroups;
  readonly top: CgroupPath;
  /** Starts a shell command inside a cgroup; its process id. */
  run(path: CgroupPath, script: string): number;
}

export function openLab(options?: CgroupsOptions): Lab {
  const cgroups = openCgroups(options);
  const top = cgroups.parseParent(`/cricket-test-cgroups-${process.pid}-${made++}`);
  cgroups.create(top);
  return {
    cgroups,
    top,
    run: (path, script) => {
      // The shell waits for a line, so that nothing of the script happens outside the cgroup.
      const child = spawn('sh', ['-c', `read -r go; ${script}`], { stdio: ['pipe', 'ignore', 'ignore'] });
      if (child.pid === undefined) throw new Error('sh did not start');
      cgroups.move(child.pid, path);
      child.stdin.end('go\n');
      return child.pid;
    },
    [Symbol.asyncDispose]: async () => {
      await cgroups.kill(top, soon());
      await cgroups.remove(top, soon());
    },
  };
}

/** Long enough for a busy machine, short enough to fail a test. */
export const soon = (ms = 10_000): AbortSignal => AbortSignal.timeout(patience(ms));

/** Waits until the value is as wanted; the last value if it never is. */
export async function eventually<T>(value: () => T, wanted: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < patience(200); tries++) {
    const now = value();
    if (wanted(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return value();
}

/** Of /proc/self/mountinfo, the lines of one kind of cgroup file system. */
export function mountsOf(type: 'cgroup' | 'cgroup2'): string {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => line.includes(` - ${type} `)).join('\n');
}
