import { messageOf } from './errors.ts';
import { traced } from './trace.ts';

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

/** What becomes of the object itself when its scope was left without `commit`. */
export interface RollbackEnd {
  /** Everything is undone: the object can be forgotten. */
  readonly clean: () => void | Promise<void>;
  /** Something could not be undone: the object stays visible, so that Stop and Remove can finish it. */
  readonly stuck: (failures: readonly UndoFailure[]) => void | Promise<void>;
}

/**
 * A rollback scope. `await using undo = new Rollback(...)`, then one `defer` per acquisition: on the line
 * after it, or before it where it can half-succeed. Leaving the scope without `commit` undoes in reverse
 * order, past failures.
 */
export class Rollback implements AsyncDisposable {
  readonly #undos: Undo[] = [];
  readonly #end: RollbackEnd;
  #committed = false;

  constructor(end: RollbackEnd) {
    this.#end = end;
  }

  defer(what: string, run: (signal: AbortSignal) => void | Promise<void>): void {
    this.#undos.push({ what, run });
  }

  commit(): void {
    this.#committed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#committed) return;
    const failures: UndoFailure[] = [];
    for (const undo of this.#undos.splice(0).reverse()) {
      try {
        await traced(`undo ${undo.what}`, () => undo.run(AbortSignal.timeout(undoTimeoutMs)));
      } catch (reason) {
        failures.push({ what: undo.what, reason });
      }
    }
    await (failures.length > 0 ? this.#end.stuck(failures) : this.#end.clean());
  }
}

/** `network of ab12: link busy; cgroup of ab12: …` for a log line or a message. */
export function describeFailures(failures: readonly UndoFailure[]): string {
  return failures.map((failure) => `${failure.what}: ${messageOf(failure.reason)}`).join('; ');
}
