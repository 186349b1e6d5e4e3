import { fail } from '../../../base/errors.ts';
import type { OciRlimit } from './oci.ts';

const types = new Set(
  'AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK'
    .split(' ')
    .map((name) => `RLIMIT_${name}`),
);

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
