import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { readAll } from '../../../cgroups/files.ts';
import { OomMessages } from '../../../cgroups/events/oom-messages.ts';
import type { OomVictim } from '../../../cgroups/events/oom-messages.ts';
import { openKernelLog } from '../../../linux/kmsg.ts';
import type { KernelLog } from '../../../linux/kmsg.ts';
import type { Watcher } from '../../../linux/watcher.ts';

export interface KernelKillsOptions {
  readonly watcher: Watcher;
  /** The last record that was read in an earlier life: those up to it are passed over. */
  readonly after: number;
  /**
   * `old`: from before our time; its process is gone, and its number may be another's. `at`: milliseconds since 1970; of an
   * old one by the kernel's clock, which runs apart from ours by some parts in a million.
   */
  readonly onVictim: (victim: OomVictim, old: boolean, at: number) => void;
  /** There may be kills of which nothing was read. */
  readonly onDoubt: () => void;
}

/** Records at a time; the loop has its turn between them. */
const batch = 256;
/** More than a log holds. */
const wholeLog = 65_536;
/** Milliseconds between two looks at the log: on a busy machine a line of somebody's comes every few of them. */
const pauseMs = 100;
/** Milliseconds between two looks at the machine's own count, where the log may not be read. */
const pollMs = 500;

/** Kills anywhere on the machine: from its log, or where that is not for us, from its count of them all. */
export class KernelKills implements Disposable {
  readonly #options: KernelKillsOptions;
  readonly #messages = new OomMessages();
  /** Microseconds since boot. */
  readonly #since = uptimeMicros();
  readonly #log: KernelLog | undefined;
  readonly #held: Disposable;
  #closed = false;
  /** The last record that was read. */
  sequence: number;

  constructor(options: KernelKillsOptions) {
    this.#options = options;
    this.sequence = options.after;
    const log = openKernelLog();
    this.#log = log;
    this.#held =
      log === undefined ? pollCount(options.onDoubt) : options.watcher.onReadable(log.fd, () => this.drain(), pauseMs);
  }

  /** Whether the log is read: without it no kill has a name. */
  get named(): boolean {
    return this.#log !== undefined;
  }

  /** Reads on to the end of the log, batch by batch. Never throws: a log that fails is one that lacks lines. */
  drain(how?: 'at once'): void {
    try {
      for (let left = how === 'at once' ? wholeLog : batch; this.#readOne(); left--)
        if (left === 1) {
          setImmediate(() => this.drain());
          return;
        }
    } catch {
      this.#options.onDoubt();
    }
  }

  /** False: there is no more now. */
  #readOne(): boolean {
    const record = this.#closed ? undefined : this.#log?.next();
    if (record === undefined) return false;
    if (record === 'lost') this.#options.onDoubt();
    else if (record !== 'other' && record.sequence > this.sequence) {
      this.sequence = record.sequence;
      const victim = this.#messages.read(record.text);
      if (victim === undefined) return true;
      const old = record.micros < this.#since;
      const age = old ? Math.max(0, uptimeMicros() - record.micros) / 1000 : 0;
      this.#options.onVictim(victim, old, Date.now() - age);
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#held[Symbol.dispose]();
    this.#log?.[Symbol.dispose]();
  }
}

const uptimeMicros = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;

function pollCount(onChange: () => void): Disposable {
  const fd = openSync('/proc/vmstat', constants.O_RDONLY);
  const count = () => /^oom_kill (\d+)$/m.exec(readAll(fd))?.[1];
  let last = count();
  const timer = setInterval(() => {
    const now = count();
    if (now !== last) onChange();
    last = now;
  }, pollMs).unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      closeSync(fd);
    },
  };
}
