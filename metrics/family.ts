/** A series name with its meaning, and how its values are found in a subject: a container, a sandbox. */
export type Family<Subject> = PlainFamily<Subject> | LabelledFamily<Subject>;

interface Naming {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
}

/** Without labels beside those that name the subject. */
interface PlainFamily<Subject> extends Naming {
  readonly labels: undefined;
  /** Undefined where there is no such number. */
  readonly value: (subject: Subject) => Value;
}

interface LabelledFamily<Subject> extends Naming {
  readonly labels: readonly string[];
  /** One row for each set of values of those labels; none where there is no such number. */
  readonly rows: (subject: Subject) => readonly Row[];
}

export interface Row {
  /** In the order of the family's labels. */
  readonly labels: readonly string[];
  readonly value: number;
}

type Value = bigint | number | undefined;

/** A family without labels of its own. */
export function plain<S>(naming: Naming, value: (subject: S) => Value): Family<S> {
  return { ...naming, labels: undefined, value };
}

/** A family whose rows are told apart by labels. */
export function labelled<S>(
  naming: Naming,
  labels: readonly string[],
  rows: (subject: S) => readonly Row[],
): Family<S> {
  return { ...naming, labels, rows };
}

const none: readonly Row[] = [];

/** The rows of any family. */
export function rowsOf<S>(family: Family<S>, subject: S): readonly Row[] {
  return family.labels === undefined ? row([], family.value(subject)) : family.rows(subject);
}

/** None where there is no value. */
export function row(labels: readonly string[], value: Value): readonly Row[] {
  return value === undefined ? none : [{ labels, value: Number(value) }];
}

/** Nanoseconds as the seconds Prometheus wants; undefined stays. */
export function seconds(nanos: number | undefined): number | undefined {
  return nanos === undefined ? undefined : nanos / 1e9;
}
