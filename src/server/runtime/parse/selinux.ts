import type { SELinuxOption } from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import type { SelinuxOptions } from '../../../sandbox/selinux/labels.ts';

/** One sensitivity or two, each with categories: `s0`, `s0:c1,c2`, `s0-s1:c0.c1023`. */
const category = 'c\\d{1,4}(\\.c\\d{1,4})?';
const categories = `(:${category}(,${category})*)?`;
const levelPattern = new RegExp(`^s\\d{1,2}${categories}(-s\\d{1,2}${categories})?$`);

/** Null without the message. Errors: `invalid_argument` for what can be no part of a context, SELinux on or off. */
export function parseSelinux(given: SELinuxOption | undefined, field: string): SelinuxOptions | null {
  if (given === undefined) return null;
  const { user, role, type, level } = given;
  for (const [name, value] of Object.entries({ user, role, type }))
    if (!/^[A-Za-z0-9_.-]{0,255}$/.test(value))
      throw fail('invalid_argument', `${field}.${name} ${JSON.stringify(value.slice(0, 80))} is no part of a context`);
  if (level !== '' && !levelPattern.test(level))
    throw fail(
      'invalid_argument',
      `${field}.level ${JSON.stringify(level.slice(0, 80))} is no level like s0:c123,c456`,
    );
  return { user, role, type, level };
}
