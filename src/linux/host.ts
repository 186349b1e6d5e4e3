import { existsSync, readFileSync } from 'node:fs';

/** The kernel's name for this boot: what was pinned, mounted or running before another one is gone. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Our own oom_score_adj, which children inherit. */
export function readOomScoreAdj(): number {
  return Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
}

/** Whether memory and swap can be limited together: v1 may lack it (swapaccount=0), v2 has it wherever swap exists. */
export function accountsSwap(version: 'v1' | 'v2'): boolean {
  const file = version === 'v1' ? '/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes' : '/proc/swaps';
  return existsSync(file);
}
