import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Layout } from './layout.ts';

/** Milliseconds between two writes: less than an RCU grace period, after which the kernel's fast path closes again. */
const everyMs = 4;
/** Milliseconds it stays open after the last call: the next one of a pod start follows at once. */
const lingerMs = 60;

/**
 * Keeps moves between cgroups cheap while somebody is about to make some. A move takes the kernel's
 * `cgroup_threadgroup_rwsem` for writing, which waits for an RCU grace period, some 10 ms, unless another was made
 * within the last one. An OCI runtime makes a dozen for each container and exec: so while a lease is held, we move
 * ourselves to where we are, again and again, on libuv's threads. docs/adr/0005-cheap-moves-between-cgroups.md
 */
export class MigrationWindow {
  readonly #layout: Layout;
  #leases = 0;
  #until = 0;
  #running = false;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** `using _open = window.open()` around what starts an OCI runtime. */
  open(): Disposable {
    this.#leases += 1;
    if (!this.#running) this.#begin();
    return {
      [Symbol.dispose]: () => {
        this.#leases -= 1;
        this.#until = performance.now() + lingerMs;
      },
    };
  }

  /** Once what the caller asks of other threads is on its way: that is what is waited for. */
  #begin(): void {
    this.#running = true;
    setImmediate(() => void this.#hold());
  }

  async #hold(): Promise<void> {
    try {
      const file = ownProcsFile(this.#layout, readFileSync('/proc/self/cgroup', 'utf8'));
      if (file === undefined) return;
      await using held = await open(file, 'w');
      while (this.#leases > 0 || performance.now() < this.#until) {
        await held.write(String(process.pid));
        await delay(everyMs, undefined, { ref: false });
      }
    } catch {
      // A cgroup that we may not write to: moves are as slow as without us.
    } finally {
      this.#running = false;
    }
  }
}

/** The `cgroup.procs` we are in, in whichever hierarchy, from our /proc/self/cgroup (cgroups(7)). */
export function ownProcsFile(layout: Layout, text: string): string | undefined {
  for (const { dir, version, controllers } of layout.hierarchies)
    for (const line of text.split('\n')) {
      const [, names = '-', path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      const same = version === 'v2' ? names === '' : names.split(',').some((name) => controllers.has(name));
      if (same && path !== undefined) return `${dir}${path === '/' ? '' : path}/cgroup.procs`;
    }
  return undefined;
}
