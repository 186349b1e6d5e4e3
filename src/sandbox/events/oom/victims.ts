import { readFileSync } from 'node:fs';
import type { OomVictim } from '../../../cgroups/events/oom-messages.ts';

/** A victim of the kernel's log that no counter has asked for yet. */
interface Waiting {
  readonly victim: OomVictim;
  /** The container, or several of which it may have been in any. */
  readonly among: ReadonlySet<string>;
  readonly at: number;
}

/** Undefined: nothing says it. */
type Whose = { readonly id: string } | 'none of ours' | undefined;

/** Milliseconds; a counter that has not moved by then will not. */
const keepMs = 2_000;
/** Pids whose container is remembered, and for how many milliseconds: the kernel gives the numbers out again. */
const mostPids = 32_768;
const pidMs = 5_000;

/** Finds out whose process the OOM killer ended, from what is known when its line is read: it may be gone by then. */
export class Victims {
  readonly #isContainer: (id: string) => boolean;
  readonly #containerOfInit: (pid: number) => string | undefined;
  readonly #pids = new Map<number, { readonly id: string; readonly until: number }>();
  #waiting: Waiting[] = [];

  /** `containerOfInit`: of a first process that lives, or ended a moment ago. */
  constructor(isContainer: (id: string) => boolean, containerOfInit: (pid: number) => string | undefined) {
    this.#isContainer = isContainer;
    this.#containerOfInit = containerOfInit;
  }

  /** Processes seen in a container just now. */
  learn(containerId: string, pids: Iterable<number>): void {
    const until = performance.now() + pidMs;
    for (const pid of pids) {
      this.#pids.delete(pid);
      this.#pids.set(pid, { id: containerId, until });
    }
    for (const pid of this.#pids.keys()) {
      if (this.#pids.size <= mostPids) return;
      this.#pids.delete(pid);
    }
  }

  /** The container it was in, and the cgroup below the container's if the kernel named it. Undefined: who knows. */
  containerOf(
    { pid, cgroup }: OomVictim,
    old: boolean,
  ): { readonly id: string; readonly cell?: string } | 'none of ours' | undefined {
    if (cgroup?.certain === true) return this.#inPath(cgroup.path) ?? 'none of ours';
    const init = this.#containerOfInit(pid);
    if (init !== undefined) return { id: init };
    const whose = old ? undefined : (this.#learnt(pid) ?? this.#byProcess(pid));
    if (whose !== undefined) return whose;
    const group = cgroup === undefined ? undefined : this.#inPath(cgroup.path);
    return group && { id: group.id };
  }

  #learnt(pid: number): Whose {
    const known = this.#pids.get(pid);
    return known === undefined || known.until < performance.now() ? undefined : { id: known.id };
  }

  /** A zombie still tells its cgroup on v2, and its parent on both. Neither waits for anything. */
  #byProcess(pid: number): Whose {
    const own = this.#inCgroups(pid);
    if (own !== undefined) return own;
    const parent = Number(/^PPid:\t(\d+)$/m.exec(readQuietly(`/proc/${pid}/status`))?.[1] ?? 0);
    return parent > 1 ? (this.#learnt(parent) ?? this.#inCgroups(parent)) : undefined;
  }

  /** On v1 a process that is ending is shown at the root: that says nothing. */
  #inCgroups(pid: number): Whose {
    let elsewhere = false;
    for (const line of readQuietly(`/proc/${pid}/cgroup`).split('\n')) {
      const path = line.replace(/^\d+:[^:]*:/, '');
      const found = this.#inPath(path);
      if (found !== undefined) return { id: found.id };
      elsewhere ||= path.length > 1;
    }
    return elsewhere ? 'none of ours' : undefined;
  }

  /** Every container's cgroup has its id in its name, whatever stands before it on this machine. */
  #inPath(path: string): { readonly id: string; readonly cell: string } | undefined {
    for (const match of path.matchAll(/[0-9a-f]{64}/g)) {
      const [id] = match;
      if (!this.#isContainer(id)) continue;
      const rest = path.slice(match.index + id.length);
      const slash = rest.indexOf('/');
      return { id, cell: slash < 0 ? '' : rest.slice(slash) };
    }
    return undefined;
  }

  keep(victim: OomVictim, among: ReadonlySet<string>): void {
    const now = performance.now();
    this.#waiting = this.#waiting.filter(({ at }) => now - at < keepMs);
    this.#waiting.push({ victim, among, at: now });
  }

  /** The first one of the container; `missing`: the containers that miss any, so that it cannot be of another. */
  take(containerId: string, missing: ReadonlySet<string>): OomVictim | undefined {
    const index = this.#waiting.findIndex(
      ({ among }) => among.has(containerId) && [...among].every((id) => id === containerId || !missing.has(id)),
    );
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]?.victim;
  }

  /** A kill of the container was told without a name: what may have been its line can be given to no other. */
  discard(containerId: string): void {
    this.#waiting = this.#waiting.filter(({ among }) => among.size === 1 || !among.has(containerId));
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
