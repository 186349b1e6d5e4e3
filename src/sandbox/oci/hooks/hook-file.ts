import { z } from 'zod';
import { fail, messageOf } from '../../../base/errors.ts';
import { goPattern } from './go-pattern.ts';
import type { HookStage } from './add.ts';

const path = z.string().refine((value) => value.startsWith('/') && !value.includes('\0'), 'must be an absolute path');
const pattern = z.string().superRefine((value, context) => {
  try {
    goPattern(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is a pattern that is not understood: ${messageOf(error)}` });
  }
});
const text = z.string().refine((value) => !value.includes('\0'), 'must not have a NUL');
const stages = [
  ...['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
] as const satisfies readonly string[] as readonly HookStage[];

/** oci-hooks(5), schema 1.0.0. A field that is not known would change what is meant: it is not taken. */
const hookFile = z.strictObject({
  version: z.literal('1.0.0', 'must be 1.0.0'),
  hook: z.strictObject({
    path,
    args: z.array(text).nullish(),
    env: z.array(text.refine((value) => value.indexOf('=') > 0, 'must be NAME=value')).nullish(),
    timeout: z.int().min(1).nullish(),
  }),
  when: z.strictObject({
    always: z.boolean().nullish(),
    annotations: z.record(pattern, pattern).nullish(),
    commands: z.array(pattern).nullish(),
    hasBindMounts: z.boolean().nullish(),
  }),
  stages: z.array(z.enum(stages)).min(1),
});
export type HookFile = z.output<typeof hookFile>;

/** One file. Errors: `invalid_argument` saying what is wrong with it. */
export function parseHookFile(json: string): HookFile {
  let value: unknown;
  try {
    value = JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw fail('invalid_argument', `it is not JSON: ${messageOf(error)}`);
  }
  const parsed = hookFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fail('invalid_argument', `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is wrong'}`);
}
