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

/** Our own hard limits by name (`NOFILE`); what says unlimited is left out. Bytes, counts, seconds: see getrlimit(2). */
export function readHardLimits(): ReadonlyMap<string, bigint> {
  const limits = new Map<string, bigint>();
  for (const line of readFileSync('/proc/self/limits', 'utf8').split('\n')) {
    const [, title = '', hard = ''] = /^(Max .*?) {2,}\S+ +(\S+)/.exec(line) ?? [];
    const name = limitNames[title];
    if (name !== undefined && hard !== 'unlimited') limits.set(name, BigInt(hard));
  }
  return limits;
}

const limitNames: Readonly<Record<string, string | undefined>> = {
  'Max cpu time': 'CPU',
  'Max file size': 'FSIZE',
  'Max data size': 'DATA',
  'Max stack size': 'STACK',
  'Max core file size': 'CORE',
  'Max resident set': 'RSS',
  'Max processes': 'NPROC',
  'Max open files': 'NOFILE',
  'Max locked memory': 'MEMLOCK',
  'Max address space': 'AS',
  'Max file locks': 'LOCKS',
  'Max pending signals': 'SIGPENDING',
  'Max msgqueue size': 'MSGQUEUE',
  'Max nice priority': 'NICE',
  'Max realtime priority': 'RTPRIO',
  'Max realtime timeout': 'RTTIME',
};
