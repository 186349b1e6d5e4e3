import { z } from 'zod';
import { fail, messageOf } from '../../../../base/errors.ts';
import { isRoundedInteger } from '../encode.ts';

/*
 * A profile of the node in either spelling of the field: the OCI section itself, or Docker's, which says
 * in addition for which capabilities, architectures and kernels a rule holds.
 */

const integer = z.union([z.int().min(0), z.bigint().min(0n)]);
const errno = z.int().min(0).max(4095);

const actions = 'KILL KILL_PROCESS KILL_THREAD TRAP ERRNO TRACE ALLOW LOG NOTIFY'.split(' ');
const action = z.enum(actions.map((name) => `SCMP_ACT_${name}`));
const operators = 'NE LT LE EQ GE GT MASKED_EQ'.split(' ');
const operator = z.enum(operators.map((name) => `SCMP_CMP_${name}`));

/** Absent, null and empty all mean "whatever it is". */
const list = z
  .array(z.string())
  .nullish()
  .transform((items) => items ?? []);

const condition = z
  .object({ caps: list, arches: list, minKernel: z.string().nullish() })
  .nullish()
  .transform((given) => given ?? { caps: [], arches: [], minKernel: undefined });

const rule = z.object({
  name: z.string().nullish(),
  names: list,
  action,
  errnoRet: errno.nullish(),
  errno: z.string().nullish(),
  args: z
    .array(z.object({ index: z.int().min(0).max(5), value: integer, valueTwo: integer.nullish(), op: operator }))
    .nullish(),
  includes: condition,
  excludes: condition,
});

const profile = z.object({
  defaultAction: action,
  defaultErrnoRet: errno.nullish(),
  defaultErrno: z.string().nullish(),
  architectures: list,
  archMap: z.array(z.object({ architecture: z.string(), subArchitectures: list })).nullish(),
  flags: list,
  listenerPath: z.string().nullish(),
  listenerMetadata: z.string().nullish(),
  syscalls: z
    .array(rule)
    .nullish()
    .transform((rules) => rules ?? []),
});

export type NodeProfile = z.infer<typeof profile>;
export type ProfileRule = z.infer<typeof rule>;
export type ProfileCondition = z.infer<typeof condition>;

/** Reads the text of a Localhost profile. Errors: `invalid_argument` naming the file and what is wrong in it. */
export function parseSeccompProfile(path: string, text: string): NodeProfile {
  let raw: unknown;
  try {
    raw = JSON.parse(text, wholeIntegers);
  } catch (error) {
    throw fail('invalid_argument', `seccomp profile ${path} is not JSON: ${messageOf(error)}`, error);
  }
  const parsed = profile.safeParse(raw);
  if (!parsed.success)
    throw fail('invalid_argument', `seccomp profile ${path}: ${z.prettifyError(parsed.error)}`, parsed.error);
  return parsed.data;
}

/** Arguments are 64 bits wide; past 2^53 a number would be rounded to another one. */
function wholeIntegers(...[, value, context]: [string, unknown, { readonly source: string }?]): unknown {
  const source = context?.source ?? '';
  return isRoundedInteger(value) && /^\d+$/.test(source) ? BigInt(source) : value;
}
