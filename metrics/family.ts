/** A series name with its meaning, and how its values are found in a subject: a container, a sandbox. */
export interface Family<Subject> {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Labels beside those that name the subject. */
  readonly labels: readonly string[];
  /** One row for each set of values of those labels; none where there is no such number. */
  readonly rows: (subject: Subject) => readonly Row[];
}

export interface Row {
  /** In the order of the family's labels. */
  readonly labels: readonly string[];
  readonly value: number;
}

type Naming<S> = Pick<Family<S>, 'name' | 'help' | 'type'>;
type Value = bigint | number | undefined;

/** A family without labels of its own. */
export function plain<S>(naming: Naming<S>, value: (subject: S) => Value): Family<S> {
  return { ...naming, labels: [], rows: (subject) => row([], value(subject)) };
}

/** A family whose rows are told apart by labels. */
export function labelled<S>(
  naming: Naming<S>,
  labels: readonly string[],
  rows: (subject: S) => readonly Row[],
): Family<S> {
  return { ...naming, labels, rows };
}

const none: readonly Row[] = [];

/** None where there is no value. */
export function row(labels: readonly string[], value: Value): readonly Row[] {
  return value === undefined ? none : [{ labels, value: Number(value) }];
}

/** Nanoseconds as the seconds Prometheus wants; undefined stays. */
export function seconds(nanos: bigint | undefined): number | undefined {
  return nanos === undefined ? undefined : Number(nanos) / 1e9;
}
