export type Work = () => Promise<void>;

export interface AttemptOptions {
  /** How many run at the same time. */
  readonly atOnce: number;
  readonly onFailure: (error: unknown) => void;
  /** Ends it: what fails then is not told, and what has not begun does not begin. */
  readonly signal: AbortSignal;
}

/** Tries all of it, in order. Answers what failed, to be tried again. Errors: none of the works'. */
export async function attempt(works: readonly Work[], options: AttemptOptions): Promise<readonly Work[]> {
  const { atOnce, onFailure, signal } = options;
  const line = [...works];
  const failed: Work[] = [];
  const isOver = () => signal.aborted;
  const worker = async () => {
    for (let work = line.shift(); work !== undefined && !isOver(); work = line.shift()) {
      try {
        await work();
      } catch (error) {
        if (isOver()) return;
        failed.push(work);
        onFailure(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failed;
}
