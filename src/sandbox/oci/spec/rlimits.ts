import { fail } from '../../../base/errors.ts';
import type { OciRlimit } from './oci.ts';

/** As in getrlimit(2) without RLIMIT_, lower case. */
export const rlimitNames: readonly string[] =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

const types = new Set(rlimitNames.map((name) => `RLIMIT_${name.toUpperCase()}`));

/** RLIM_INFINITY: no limit. */
export const unlimited = (1n << 64n) - 1n;

/** Checks what setrlimit(2) would refuse after the container exists. Errors: `invalid_argument`. */
export function rlimitSection(id: string, rlimits: readonly OciRlimit[]): readonly OciRlimit[] {
  const seen = new Set<string>();
  for (const { type, soft, hard } of rlimits) {
    if (!types.has(type)) throw fail('invalid_argument', `container ${id}: no such limit ${JSON.stringify(type)}`);
    if (seen.has(type)) throw fail('invalid_argument', `container ${id}: limit ${type} is given twice`);
    if (soft > hard) throw fail('invalid_argument', `container ${id}: soft limit of ${type} is above the hard one`);
    seen.add(type);
  }
  return rlimits;
}
