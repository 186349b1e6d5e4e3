/** What the kernel's log says of one process that the OOM killer ended (mm/oom_kill.c). */
export interface OomVictim {
  /** As the kernel numbers it: in the first PID namespace. */
  readonly pid: number;
  /** Its comm: 15 bytes, of its own choice. */
  readonly name: string;
  /** Resident: anonymous, file and shared memory. */
  readonly rssBytes: number;
  /**
   * The rest is in lines of which the kernel prints ten in five seconds at most. `certain`: the line was about this very
   * process; else it is one of a group killed together (memory.oom.group), by what was printed before it.
   */
  readonly cgroup: { readonly path: string; readonly certain: boolean } | undefined;
  /** Whose limit it was: a cgroup's path, or the whole machine's memory. */
  readonly ranOut: { readonly path: string } | 'machine' | undefined;
  /** Of what ran out, in bytes, when it did. */
  readonly usageBytes: number | undefined;
  readonly limitBytes: number | undefined;
}

const usageLine = /^memory: usage (\d+)kB, limit (\d+)kB,/;
const summaryLine =
  /^oom-kill:constraint=\w+,.*?,(?:oom_memcg=(?<oom>.*)|(?<global>global_oom)),task_memcg=(?<task>.*),task=.*,pid=(?<pid>\d+),uid=\d+$/s;
const groupLine = /^Tasks in (.*) are going to be killed due to memory\.oom\.group set$/s;
const killLine =
  /ut of memory.*: Killed process (\d+) \((.*)\) total-vm:\d+kB, anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB/s;
const kib = 1024;
/** More than this is no limit (the kernel's counters are of pages). */
const unlimitedKib = 2 ** 52;

interface Summary {
  readonly pid: number;
  readonly task: string;
  readonly ranOut: OomVictim['ranOut'];
}

/**
 * Puts the lines about one kill together. The kernel kills one at a time (oom_lock), so that lines of two kills are
 * never mixed, but others come between them.
 */
export class OomMessages {
  #usage: { readonly usageBytes: number; readonly limitBytes: number | undefined } | undefined;
  #summary: Summary | undefined;
  #group: string | undefined;

  /** The victim, when the line is the one that ends a kill. */
  read(text: string): OomVictim | undefined {
    const usage = usageLine.exec(text);
    if (usage !== null) {
      const limit = Number(usage[2]);
      this.#usage = { usageBytes: Number(usage[1]) * kib, limitBytes: limit < unlimitedKib ? limit * kib : undefined };
      return undefined;
    }
    const summary = summaryLine.exec(text)?.groups;
    if (summary !== undefined) {
      const { oom, task = '', pid } = summary;
      this.#summary = { pid: Number(pid), task, ranOut: oom === undefined ? 'machine' : { path: oom } };
      this.#group = undefined;
      return undefined;
    }
    const group = groupLine.exec(text);
    if (group !== null) this.#group = group[1];
    const kill = killLine.exec(text);
    return kill === null ? undefined : this.#victim(kill);
  }

  #victim([, pid = '', name = '', ...resident]: readonly string[]): OomVictim {
    const summary = this.#summary?.pid === Number(pid) ? this.#summary : undefined;
    const usage = summary === undefined ? undefined : this.#usage;
    this.#summary = undefined;
    this.#usage = undefined;
    return {
      pid: Number(pid),
      name,
      rssBytes: resident.slice(0, 3).reduce((sum, kilobytes) => sum + Number(kilobytes) * kib, 0),
      cgroup:
        summary !== undefined
          ? { path: summary.task, certain: true }
          : this.#group === undefined
            ? undefined
            : { path: this.#group, certain: false },
      ranOut: summary?.ranOut,
      usageBytes: usage?.usageBytes,
      limitBytes: usage?.limitBytes,
    };
  }
}
