/** A value as the control socket can send it: 64-bit integers become numbers where they fit, else decimal text. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? settled(part) : part)));
}

const settled = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();

/** Nanoseconds since 1970 as RFC 3339; empty for 0, which stands for never. */
export function timeText(nanos: bigint): string {
  return nanos === 0n ? '' : new Date(Number(nanos / 1_000_000n)).toISOString();
}
