/** The numbers of a "flat keyed" file, `key value` a line (cgroup-v2.rst, "Interface files"). */
export type Keyed = (key: string) => bigint | undefined;

export function parseKeyed(text: string): Keyed {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) values.set(line.slice(0, space), line.slice(space + 1));
  }
  return (key) => {
    const value = values.get(key);
    return value === undefined ? undefined : BigInt(value);
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
