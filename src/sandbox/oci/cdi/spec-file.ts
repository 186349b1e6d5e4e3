import { z } from 'zod';
import { fail } from '../../../base/errors.ts';

/*
 * Files of the Container Device Interface, SPEC.md 0.3.0 to 1.1.0 of cncf-tags/container-device-interface. As its
 * library does, we take no field that we do not know: half of a device is worse than none.
 */

const text = z.string().refine((value) => !value.includes('\0'), 'must not have a NUL');
const path = text.refine((value) => value.startsWith('/'), 'must be an absolute path');
const id = z.int().min(0).max(4294967294);
const variable = text.refine((value) => value.indexOf('=') > 0, 'must be NAME=value');

const deviceNode = z.strictObject({
  path,
  hostPath: path.optional(),
  type: z.enum(['b', 'c', 'u', 'p', '']).default(''),
  major: z.int().min(0).default(0),
  minor: z.int().min(0).default(0),
  fileMode: z.int().min(0).max(0o7777).nullish(),
  permissions: z
    .string()
    .regex(/^[rwm]{0,3}$/, 'must be of r, w and m')
    .default(''),
  uid: id.nullish(),
  gid: id.nullish(),
});
export type CdiNode = z.output<typeof deviceNode>;

const mount = z.strictObject({
  hostPath: text.min(1),
  containerPath: path,
  type: text.default(''),
  options: z.array(text).nullish(),
});

const stages = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

const hook = z.strictObject({
  hookName: z.enum(stages),
  path,
  args: z.array(text).nullish(),
  env: z.array(variable).nullish(),
  timeout: z.int().min(1).nullish(),
});

const edits = z.strictObject({
  env: z.array(variable).nullish(),
  deviceNodes: z.array(deviceNode).nullish(),
  mounts: z.array(mount).nullish(),
  hooks: z.array(hook).nullish(),
  additionalGids: z.array(id).nullish(),
  intelRdt: z.unknown().optional(),
  netDevices: z.unknown().optional(),
});
export type ContainerEdits = z.output<typeof edits>;

const word = '[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?';
const kindPattern = new RegExp(`^${word}/${word}$`);
const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;
const annotations = z.record(z.string(), z.string()).nullish();

const specFile = z.strictObject({
  cdiVersion: z.string().regex(/^(0\.[3-8]|1\.\d{1,3})\.\d{1,3}$/, 'must be 0.3.0 to 1.x'),
  kind: z.string().regex(kindPattern, 'must be vendor/class'),
  annotations,
  devices: z
    .array(
      z.strictObject({
        name: z.string().regex(namePattern, 'must be letters, digits and _ - . : between two of them'),
        annotations,
        containerEdits: edits,
      }),
    )
    .min(1)
    .refine((devices) => new Set(devices.map(({ name }) => name)).size === devices.length, 'names a device twice'),
  containerEdits: edits.default({}),
});
export type CdiSpec = z.output<typeof specFile>;

/** One file. Errors: `invalid_argument` saying what is wrong with it. */
export function parseCdiSpec(value: unknown): CdiSpec {
  const parsed = specFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fail('invalid_argument', `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is wrong'}`);
}

/** `vendor/class=name`, in its two parts; undefined for what is none. */
export function splitDeviceName(full: string): { readonly kind: string; readonly name: string } | undefined {
  const equals = full.indexOf('=');
  const [kind, name] = [full.slice(0, equals), full.slice(equals + 1)];
  return equals > 0 && kindPattern.test(kind) && namePattern.test(name) ? { kind, name } : undefined;
}
