import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { closeQuietly } from '../../linux/fds.ts';
import { openPidfd, signalPidfd, startTimeOf } from '../../linux/pidfd.ts';
import type { Watcher } from '../../linux/watcher.ts';
import type { ContainerId } from '../../base/ids.ts';
import type { Container } from '../store/store.ts';
import { isLive } from './state.ts';
import type { ProcessIdentity } from './state.ts';

/** Why a container's fate is looked at. */
export type ExitHint = 'exit-file' | 'init-ended' | 'monitor-ended';

interface Held {
  readonly container: Container;
  readonly init: number | undefined;
  readonly monitor: number | undefined;
  readonly watches: readonly Disposable[];
  /** We sent SIGKILL to init while it was there. */
  killed: boolean;
  /** When init was seen to have ended, in milliseconds since 1970. */
  endedAt: number | undefined;
}

/**
 * Notices ends of containers: conmon's exit files by inotify, and init and monitor by pidfd, for the case
 * that conmon is the one who dies. One inotify instance for all (a host may allow 128).
 */
export class ExitWatch implements Disposable {
  readonly #watcher: Watcher;
  readonly #directory: FSWatcher;
  readonly #held = new Map<string, Held>();

  constructor(watcher: Watcher, exits: string, onHint: (container: Container, hint: ExitHint) => void) {
    this.#watcher = watcher;
    this.#onHint = onHint;
    this.#directory = watch(exits, { persistent: false }, (_event, name) => {
      const held = name === null ? undefined : this.#held.get(name);
      if (held !== undefined) onHint(held.container, 'exit-file');
    });
  }
  readonly #onHint: (container: Container, hint: ExitHint) => void;

  /** Holds the container's processes by pidfd. Those that are gone already are hinted at once. */
  add(container: Container): void {
    const { state } = container;
    if (!isLive(state) || this.#held.has(container.record.id)) return;
    const init = openIdentity(state.init);
    const monitor = openIdentity(state.monitor);
    const watches = [...this.#hint(container, init, 'init-ended'), ...this.#hint(container, monitor, 'monitor-ended')];
    this.#held.set(container.record.id, { container, init, monitor, watches, killed: false, endedAt: undefined });
  }

  #hint(container: Container, fd: number | undefined, hint: ExitHint): readonly Disposable[] {
    if (fd === undefined) {
      setImmediate(() => this.#onHint(container, hint));
      return [];
    }
    // A pidfd stays readable for ever: one report is enough.
    const watched = this.#watcher.onReadable(fd, () => {
      watched[Symbol.dispose]();
      const held = this.#held.get(container.record.id);
      if (held !== undefined && hint === 'init-ended') held.endedAt = Date.now();
      this.#onHint(container, hint);
    });
    return [watched];
  }

  /** Signals the init process and nothing else. False if it is gone. */
  signalInit(id: ContainerId, signal: number): boolean {
    const held = this.#held.get(id);
    if (held?.init === undefined || !signalPidfd(held.init, signal)) return false;
    held.killed ||= signal === constants.signals.SIGKILL;
    return true;
  }

  /** Whether `signalInit` has killed it. */
  wasKilled(id: ContainerId): boolean {
    return this.#held.get(id)?.killed === true;
  }

  /** Milliseconds since 1970; undefined: not yet, or it was gone when `add` came. conmon may write it down later. */
  endSeen(id: ContainerId): number | undefined {
    return this.#held.get(id)?.endedAt;
  }

  /** Whether conmon lives: while it does, an exit file is still to come. */
  monitorLives(id: ContainerId): boolean {
    const { state } = this.#held.get(id)?.container ?? { state: undefined };
    return state !== undefined && isLive(state) && startTimeOf(state.monitor.pid) === state.monitor.start;
  }

  drop(id: ContainerId): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    held.watches.forEach((one) => one[Symbol.dispose]());
    for (const fd of [held.init, held.monitor]) if (fd !== undefined) closeQuietly(fd);
  }

  [Symbol.dispose](): void {
    this.#directory.close();
    for (const held of [...this.#held.values()]) this.drop(held.container.record.id);
  }
}

function openIdentity(identity: ProcessIdentity): number | undefined {
  const fd = openPidfd(identity.pid);
  if (fd === undefined) return undefined;
  if (startTimeOf(identity.pid) === identity.start) return fd;
  closeQuietly(fd);
  return undefined;
}

/** What conmon wrote: the exit code (128 + n for a signal) and when. Undefined while it has written nothing. */
export async function readExitFile(path: string): Promise<{ readonly code: number; readonly at: bigint } | undefined> {
  try {
    const [text, facts] = await Promise.all([readFile(path, 'utf8'), stat(path, { bigint: true })]);
    const code = Number.parseInt(text, 10);
    return Number.isNaN(code) ? undefined : { code, at: facts.mtimeNs };
  } catch {
    return undefined;
  }
}
