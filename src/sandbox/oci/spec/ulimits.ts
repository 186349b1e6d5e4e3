import { fail } from '../../../base/errors.ts';
import { rlimitNames, unlimited } from './rlimits.ts';
import type { OciRlimit } from './oci.ts';

export const ulimitsAnnotation = 'cricket/ulimits';

/** What the configuration says of limits. */
export interface UlimitSettings {
  readonly rlimits: readonly OciRlimit[];
  /** Whether pods may change them by their annotations. */
  readonly ulimitsByAnnotation: boolean;
  /** The highest that we can give, by `NOFILE`; none: any. */
  readonly hardLimits: ReadonlyMap<string, bigint>;
}

/**
 * The limits of a container: those of the configuration, and over them what its pod says in `cricket/ulimits.CONTAINER`,
 * such as `nofile=1024:65536, core=0, memlock=unlimited`. Errors: `invalid_argument` for what is no such list, or
 * above what this host can give.
 */
export function containerLimits(
  container: string,
  annotations: Readonly<Record<string, string>>,
  settings: UlimitSettings,
): readonly OciRlimit[] {
  const key = `${ulimitsAnnotation}.${container}`;
  const list = settings.ulimitsByAnnotation ? annotations[key] : undefined;
  if (list === undefined) return settings.rlimits;
  const wrong = (part: string, why: string) =>
    fail('invalid_argument', `annotation ${key}: ${JSON.stringify(part.slice(0, 80))}: ${why}`);
  const limits = new Map(settings.rlimits.map((limit) => [limit.type, limit]));
  const seen = new Set<string>();
  for (const part of list.split(',').map((word) => word.trim())) {
    const [, name = '', soft, hard] = /^([a-z]+)=(\d{1,19}|unlimited)(?::(\d{1,19}|unlimited))?$/.exec(part) ?? [];
    const type = `RLIMIT_${name.toUpperCase()}`;
    if (soft === undefined) throw wrong(part, 'must be name=soft:hard or name=both, each a number or unlimited');
    if (!rlimitNames.includes(name)) throw wrong(part, `there is no such limit; known are ${rlimitNames.join(', ')}`);
    if (seen.has(type)) throw wrong(part, 'is given twice');
    seen.add(type);
    const limit = { type, soft: numberOf(soft), hard: numberOf(hard ?? soft) };
    if (limit.soft > limit.hard) throw wrong(part, 'the soft limit is above the hard one');
    const most = settings.hardLimits.get(name.toUpperCase());
    if (most !== undefined && limit.hard > most)
      throw wrong(
        part,
        `this host can give at most ${most === unlimited ? 'unlimited' : most}: cricket lacks CAP_SYS_RESOURCE`,
      );
    limits.set(type, limit);
  }
  return [...limits.values()];
}

const numberOf = (text: string): bigint => (text === 'unlimited' ? unlimited : BigInt(text));
