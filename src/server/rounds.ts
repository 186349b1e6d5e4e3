/** Of a node where nothing happens only every so many rounds have a look. */
const idleRounds = 5;

export interface Rounds {
  /** Looks for what belongs to nobody: what was found, one line each. */
  readonly look: () => Promise<readonly string[]>;
  /** Has `onChange` called whenever a pod or a container changes. */
  readonly observe: (onChange: () => void) => void;
  /** Resolves when the next round begins. Errors: those that end the rounds. */
  readonly pause: () => Promise<void>;
}

/** Looks in each round while pods change or the last look found something, else in every fifth. */
export async function lookInRounds({ look, observe, pause }: Rounds): Promise<never> {
  let changed = true;
  observe(() => (changed = true));
  for (let round = 0; ; round = changed ? 0 : (round + 1) % idleRounds) {
    if (round === 0) {
      changed = false;
      if ((await look()).length > 0) changed = true;
    }
    await pause();
  }
}
