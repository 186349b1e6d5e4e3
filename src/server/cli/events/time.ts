const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds since 1970 of what a person gives for a time: `90s`, `1h30m`, `2d` before now; seconds since 1970; or
 * a date, with a time and a zone or without (then the local one). Undefined: none of these.
 */
export function parseTime(text: string, now: number): number | undefined {
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
    return parts.reduce((time, [, count, unit]) => time - Number(count) * (units[unit ?? ''] ?? 0), now);
  }
  if (/^\d+(\.\d+)?$/.test(text)) return inRange(Number(text) * 1000);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  // A date alone is UTC to Date.parse, and local to everybody else.
  return inRange(Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T')));
}

/** What a Date can hold. */
const inRange = (time: number) => (Math.abs(time) <= 8.64e15 ? time : undefined);
