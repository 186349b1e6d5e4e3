import type { OciSpec } from './oci.ts';

/** In Node since 21, not yet in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** config.json. A bigint is written as a plain number of any size: 2^64-1 stands for an unlimited rlimit. */
export function encodeSpec(spec: OciSpec): string {
  return JSON.stringify(spec, (_key, value: unknown) =>
    typeof value === 'bigint' ? rawJSON(value.toString()) : value,
  );
}
