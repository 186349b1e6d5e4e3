import { readFileSync } from 'node:fs';

/** One process, as proc_pid_stat(5) and proc_pid_status(5) tell it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  /** Its pid in the innermost PID namespace it is in. */
  readonly innerPid: number;
  /** Effective, as the host numbers users. */
  readonly uid: number;
  /** One letter: R, S, D, Z, T … */
  readonly state: string;
  readonly threads: number;
  readonly residentBytes: number;
  /** User and system CPU time in milliseconds. */
  readonly cpuMs: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Arguments; for one without (a zombie) its name in brackets. */
  readonly command: readonly string[];
}

/** Bytes of a command line that are kept. */
const commandLimit = 4096;
/** USER_HZ is 100 on every architecture that Linux runs Node on. */
const msPerTick = 10;

/**
 * Those that are still there, in order. For a Worker's thread: a command line is read from the memory of its process,
 * and may wait as long as whatever holds that.
 */
export function readProcessFacts(pids: readonly number[]): readonly ProcessFacts[] {
  const bootedAt = Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0) * 1000;
  return pids.flatMap((pid) => {
    try {
      return [factsOf(pid, bootedAt)];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

function factsOf(pid: number, bootedAt: number): ProcessFacts {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const line = (key: string) => (new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/);
  // The name may hold spaces and brackets: what follows the last bracket is numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3] ?? 0);
  return {
    pid,
    ppid: field(4),
    innerPid: Number(line('NSpid').at(-1) ?? pid),
    uid: Number(line('Uid')[1] ?? 0),
    state: fields[0] ?? '?',
    threads: field(20),
    residentBytes: Number(line('VmRSS')[0] ?? 0) * 1024,
    cpuMs: (field(14) + field(15)) * msPerTick,
    startedAt: bootedAt + field(22) * msPerTick,
    command: commandOf(pid, stat),
  };
}

function commandOf(pid: number, stat: string): readonly string[] {
  const text = readFileSync(`/proc/${pid}/cmdline`).subarray(0, commandLimit).toString('utf8').replace(/\0$/, '');
  return text === '' ? [`[${stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))}]`] : text.split('\0');
}
