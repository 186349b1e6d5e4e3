/** What a guest does, in order; a later step builds upon earlier ones. */
export interface Step {
  readonly name: string;
  readonly work: () => Promise<void>;
}

export interface StepResult {
  readonly name: string;
  /** Absent: it went well. */
  readonly error?: string;
}

/** Begins a line of output that holds a StepResult. */
export const stepMark = '#step ';

/** Runs all of them, also after one that failed, and tells each result on stdout. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  for (const { name, work } of steps) {
    const result: StepResult = await work().then(
      () => ({ name }),
      (error: unknown) => ({ name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
    console.log(stepMark + JSON.stringify(result));
  }
}
