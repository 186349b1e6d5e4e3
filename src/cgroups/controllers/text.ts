/** The numbers of a "flat keyed" file, `key value` a line (cgroup-v2.rst, "Interface files"). */
export type Keyed = (key: string) => bigint | undefined;

/** Looks keys up in the text: of fifty in memory.stat a dozen are wanted, for every container, at every scrape. */
export function parseKeyed(text: string): Keyed {
  return (key) => {
    const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
    if (start === 0 && !text.startsWith(`${key} `)) return undefined;
    const end = text.indexOf('\n', start);
    return BigInt(text.slice(start + key.length + 1, end === -1 ? undefined : end));
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
