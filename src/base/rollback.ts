import { messageOf } from './errors.ts';

/** One undo that did not succeed. */
export interface UndoFailure {
  readonly what: string;
  readonly reason: unknown;
}

interface Undo {
  readonly what: string;
  readonly run: (signal: AbortSignal) => void | Promise<void>;
}

/** Milliseconds each undo may take: undoing runs on its own deadline, never on the request's. */
const undoTimeoutMs = 10_000;

/**
 * A rollback scope. `await using undo = new Rollback(...)`, then one `defer` per acquisition: on the line
 * after it, or before it where it can half-succeed. Leaving the scope without `commit` undoes in reverse
 * order, past failures; what failed is told to `stuck`, which leaves the object visible for Stop/Remove.
 */
export class Rollback implements AsyncDisposable {
  readonly #undos: Undo[] = [];
  readonly #stuck: (failures: readonly UndoFailure[]) => void | Promise<void>;

  constructor(stuck: (failures: readonly UndoFailure[]) => void | Promise<void>) {
    this.#stuck = stuck;
  }

  defer(what: string, run: (signal: AbortSignal) => void | Promise<void>): void {
    this.#undos.push({ what, run });
  }

  commit(): void {
    this.#undos.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: UndoFailure[] = [];
    for (const undo of this.#undos.splice(0).reverse()) {
      try {
        await undo.run(AbortSignal.timeout(undoTimeoutMs));
      } catch (reason) {
        failures.push({ what: undo.what, reason });
      }
    }
    if (failures.length > 0) await this.#stuck(failures);
  }
}

/** `network of ab12: link busy; cgroup of ab12: …` for a log line or a message. */
export function describeFailures(failures: readonly UndoFailure[]): string {
  return failures.map((failure) => `${failure.what}: ${messageOf(failure.reason)}`).join('; ');
}
