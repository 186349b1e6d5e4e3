import { waitFor } from '../../base/abort.ts';
import type { Prepared } from '../../base/checkpoint.ts';
import { messageOf } from '../../base/errors.ts';
import type { PlainFile, RecordFile } from '../../base/plain-file.ts';

export interface TrackedOptions<R, S, E> {
  readonly record: R;
  readonly state: S;
  readonly step: (state: S, event: E) => S;
  readonly save: (state: S) => Promise<void>;
  /** The longer half of `save`, where a state can be written before it is so. */
  readonly prepare?: (state: S) => Prepared & {
    /** Told instead of `commit` when the whole record was put in its place. */
    readonly placed: () => void;
  };
  readonly log: { readonly warn: (fields: object, message: string) => void };
  /** Told after each change, with the state before it. It must not throw. */
  readonly changed?: (before: S) => void;
}

export interface PreparedChange {
  readonly files: readonly PlainFile[];
  readonly whole: RecordFile | undefined;
  commit(how?: { readonly isPlaced: boolean }): Promise<void>;
}

/**
 * A pod or container as the daemon knows it: an unchanging record, and a state that only events change.
 * Lists and Statuses read `state` from memory and wait for nothing.
 */
export class Tracked<R, S, E> {
  readonly record: R;
  readonly #options: TrackedOptions<R, S, E>;
  readonly #listeners = new Set<() => void>();
  #state: S;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: TrackedOptions<R, S, E>) {
    this.record = options.record;
    this.#state = options.state;
    this.#options = options;
  }

  get state(): S {
    return this.#state;
  }

  /** Disk first, then memory: for intents and results that a restart must find. Errors leave the state as it was. */
  async change(event: E): Promise<void> {
    const next = this.#options.step(this.#state, event);
    if (next === this.#state) return;
    await this.#save(next);
    this.#set(this.#options.step(this.#state, event));
  }

  /**
   * What `change(event)` will write, for who knows the event before it is true and writes the file with others; `commit` is
   * the rest of it, once that file is written. Where `whole` was written in its place instead, `commit` is told so.
   */
  prepare(event: E): PreparedChange {
    const before = this.#state;
    const prepared = this.#options.prepare?.(this.#options.step(before, event));
    return {
      files: prepared === undefined ? [] : [prepared.file],
      whole: prepared?.whole,
      commit: async ({ isPlaced } = { isPlaced: false }) => {
        if (prepared === undefined || this.#state !== before) return this.change(event);
        await this.#inTurn(async () => (isPlaced ? prepared.placed() : prepared.commit()));
        this.#set(this.#options.step(this.#state, event));
      },
    };
  }

  /** Memory first: for what has happened whether or not a full disk lets us write it down. */
  async note(event: E): Promise<void> {
    const next = this.#options.step(this.#state, event);
    if (next === this.#state) return;
    this.#set(next);
    try {
      await this.#save(next);
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'state not written; a restart will find it out again');
    }
  }

  /** Resolves once the state satisfies the condition. Errors: the signal's. */
  async until(condition: (state: S) => boolean, signal: AbortSignal): Promise<S> {
    if (condition(this.#state)) return this.#state;
    const { promise, resolve } = Promise.withResolvers<S>();
    const check = () => {
      if (condition(this.#state)) resolve(this.#state);
    };
    this.#listeners.add(check);
    try {
      return await waitFor(promise, signal);
    } finally {
      this.#listeners.delete(check);
    }
  }

  #set(next: S): void {
    const before = this.#state;
    this.#state = next;
    this.#options.changed?.(before);
    for (const listener of [...this.#listeners]) listener();
  }

  async #save(state: S): Promise<void> {
    await this.#inTurn(async () => this.#options.save(state));
  }

  /** One write at a time: a later state must not be overtaken by an earlier one. */
  async #inTurn(write: () => Promise<void>): Promise<void> {
    const writing = this.#saving.catch(() => undefined).then(write);
    this.#saving = writing;
    await writing;
  }
}
