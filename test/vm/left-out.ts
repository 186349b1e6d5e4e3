interface LeftOut {
  /** A glob of test files. */
  readonly files: string;
  readonly reason: string;
}

/** What the lanes in emulated machines do not run of test/integration. All else they do. */
export const leftOut: readonly LeftOut[] = [];
