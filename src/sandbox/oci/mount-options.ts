import { fail } from '../../base/errors.ts';

/** Flags of mount(8) that a bind mount can carry, each beside its negation. */
const pairs: readonly (readonly [set: string, cleared: string])[] = [
  ['nosuid', 'suid'],
  ['nodev', 'dev'],
  ['noexec', 'exec'],
  ['noatime', 'atime'],
  ['nodiratime', 'diratime'],
  ['relatime', 'norelatime'],
  ['strictatime', 'nostrictatime'],
  ['nosymfollow', 'symfollow'],
];

/** What `mounts.mount_options` may name (KEP-5855). Access and propagation have fields of their own. */
export const bindOptions: readonly string[] = pairs.flat();

/**
 * The options of one mount, once each. Errors: `invalid_argument` for one that is no option of a bind mount, and for
 * two that contradict each other: runtimes disagree on which of them wins.
 */
export function parseMountOptions(where: string, given: readonly string[]): readonly string[] {
  const options = [...new Set(given)];
  for (const option of options)
    if (!bindOptions.includes(option))
      throw fail(
        'invalid_argument',
        `${where}: mount_options ${JSON.stringify(option.slice(0, 80))}: known are ${bindOptions.join(', ')}`,
      );
  for (const pair of [...pairs, ['noatime', 'strictatime'], ['noatime', 'relatime'], ['relatime', 'strictatime']])
    if (pair.every((option) => options.includes(option)))
      throw fail('invalid_argument', `${where}: mount_options ${pair.join(' and ')} contradict each other`);
  return options;
}
