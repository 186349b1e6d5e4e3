/** The numbers of a "flat keyed" file, `key value` a line (cgroup-v2.rst, "Interface files"). */
export type Keyed = (key: string) => bigint | undefined;

/** A key as it stands behind a line end: made once, not for every cgroup at every look. */
const needles = new Map<string, string>();

/** Looks keys up in the text: of fifty in memory.stat a dozen are wanted, for every container, at every scrape. */
export function parseKeyed(text: string): Keyed {
  return (key) => {
    let needle = needles.get(key);
    if (needle === undefined) needles.set(key, (needle = `\n${key} `));
    const found = text.indexOf(needle);
    // The first line has no line end before it.
    if (found < 0 && !text.startsWith(`${key} `)) return undefined;
    const start = found < 0 ? key.length + 1 : found + needle.length;
    const end = text.indexOf('\n', start);
    return BigInt(text.slice(start, end === -1 ? undefined : end));
  };
}

/** A file of one number; `max`, and nothing, are undefined. */
export function parseNumber(text: string | undefined): bigint | undefined {
  const trimmed = text?.trim() ?? '';
  return /^-?\d+$/.test(trimmed) ? BigInt(trimmed) : undefined;
}

/** An object without the fields that are undefined, so that an absent limit is absent. */
export function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
