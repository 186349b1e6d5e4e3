import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly processors: string;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly cgroups: 'v1' | 'v2';
  /** `runc 1.1.5` of each program that does the work below the daemons. */
  readonly programs: readonly string[];
}

export function describeMachine(): Machine {
  return {
    processors: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    cgroups: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : 'v1',
    programs: ['crun', 'runc', 'conmon'].flatMap(versionOf),
  };
}

/** Runnable processes, averaged over a minute: above the number of processors, times are those of a busy machine. */
export function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
}

function versionOf(program: string): string[] {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const version = /\d+\.\d+\S*/.exec(text)?.[0];
    return version === undefined ? [] : [`${program} ${version}`];
  } catch {
    return [];
  }
}
