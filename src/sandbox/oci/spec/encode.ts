import type { OciSpec } from './oci.ts';

/** In Node since 21, not yet in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** config.json. A bigint is written as a plain number of any size: 2^64-1 stands for an unlimited rlimit. */
export function encodeSpec(spec: OciSpec): string {
  return JSON.stringify(spec, (_key, value: unknown) =>
    typeof value === 'bigint' ? rawJSON(value.toString()) : value,
  );
}

/** JSON of a config.json for writing it, or a part of it, again: what JSON.parse would round is kept as it is written. */
export function readSpecText(text: string): unknown {
  return JSON.parse(text, (...[, value, context]: [string, unknown, { readonly source?: string }?]) =>
    isRoundedInteger(value) && context?.source !== undefined ? rawJSON(context.source) : value,
  );
}

/** Past 2^53 a number stands for several. */
export const isRoundedInteger = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
