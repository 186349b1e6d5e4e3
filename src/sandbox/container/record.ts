import { z } from 'zod';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { parseContainerId, parseImageId, parsePodId } from '../../base/ids.ts';
import { stringMap, userMaps } from '../pod/record.ts';
import { resourcesSchema } from './resources.ts';

const profile = z.object({ kind: z.enum(['runtime-default', 'unconfined', 'localhost']), reference: z.string() });
/** With no word at all AppArmor is not what seccomp is, unconfined. */
const apparmorProfile = profile.extend({ kind: z.enum([...profile.shape.kind.options, 'unset']) });
const mountSchema = z.object({
  hostPath: z.string(),
  containerPath: z.string(),
  readonly: z.boolean(),
  recursiveReadonly: z.boolean(),
  propagation: z.enum(['private', 'rslave', 'rshared']),
  selinuxRelabel: z.boolean(),
  /** `nosuid` and the like, from `parseMountOptions`. */
  options: z.array(z.string()).default([]),
  /** Those of the sandbox's user namespace, where its files shall have their owners there. */
  users: userMaps.nullable().default(null),
  /** An image as a volume: `hostPath` is '' then. The path within it, '' for all of it. */
  image: z
    .object({
      name: z.string(),
      subPath: z.string(),
      /** Of the caller, only told again. */
      userSpecified: z.string().default(''),
      handler: z.string().default(''),
      annotations: stringMap.default({}),
    })
    .optional(),
});

const containerConfig = z.object({
  name: z.string(),
  attempt: z.number(),
  /** As it was asked for, for the status. */
  image: z.string(),
  userSpecifiedImage: z.string(),
  /** The RuntimeClass handler the kubelet pulled it for; only told again. */
  imageHandler: z.string().default(''),
  imageAnnotations: stringMap,
  command: z.array(z.string()),
  args: z.array(z.string()),
  workingDir: z.string(),
  /** `NAME=value`, valid UTF-8: config.json is JSON. */
  env: z.array(z.string()),
  mounts: z.array(mountSchema),
  devices: z.array(z.object({ hostPath: z.string(), containerPath: z.string(), permissions: z.string() })),
  /** `vendor/class=name`. */
  cdiDevices: z.array(z.string()).default([]),
  labels: stringMap,
  annotations: stringMap,
  /** Absolute, or empty for no log. */
  logPath: z.string(),
  stdin: z.boolean(),
  stdinOnce: z.boolean(),
  tty: z.boolean(),
  /** `SIGTERM`; empty: the image's, else SIGTERM. */
  stopSignal: z.string(),
  resources: resourcesSchema,
  privileged: z.boolean(),
  capabilities: z.object({ add: z.array(z.string()), drop: z.array(z.string()), addAmbient: z.array(z.string()) }),
  /** `pid: target` joins the namespace of the container named by targetId. */
  pid: z.enum(['pod', 'container', 'node', 'target']),
  targetId: z.string(),
  /** Undefined uid and empty username: the image's user. */
  user: z.object({
    uid: z.number().nullable(),
    gid: z.number().nullable(),
    username: z.string(),
    supplementalGroups: z.array(z.number()),
    mergeImageGroups: z.boolean(),
  }),
  readonlyRootfs: z.boolean(),
  noNewPrivs: z.boolean(),
  maskedPaths: z.array(z.string()),
  readonlyPaths: z.array(z.string()),
  seccomp: profile,
  apparmor: apparmorProfile,
  selinux: z.object({ user: z.string(), role: z.string(), type: z.string(), level: z.string() }).nullable(),
});
/** A container's configuration, settled: every optional of the wire decided by the parser. */
export type ContainerConfig = Readonly<z.infer<typeof containerConfig>>;
export type ContainerMount = ContainerConfig['mounts'][number];
export type SecurityProfile = z.infer<typeof profile>;
export type AppArmorProfile = z.infer<typeof apparmorProfile>;

const containerRecord = z.object({
  id: z.string().transform(parseContainerId),
  podId: z.string().transform(parsePodId),
  config: containerConfig,
  imageId: z.string().transform(parseImageId),
  /** The repository digest it was pulled by, else its id. */
  imageRef: z.string(),
  /** Images that it mounts as volumes. */
  volumeImages: z.array(z.string().transform((text) => parseImageId(text))).default([]),
  /** Of each name in its mounts the reference of that image, for the status. */
  volumeRefs: stringMap.default({}),
  handler: z.string(),
  createdAt: z.string().transform(BigInt),
  cgroup: z.string(),
  /** Settled from config and image: 15 or the like. */
  stopSignal: z.number(),
  bootId: z.string(),
});
/** What never changes of a container; also the intent from which a crash is undone. */
export type ContainerRecord = Readonly<z.output<typeof containerRecord>>;
export const containerRecordKind: CheckpointKind<ContainerRecord> = {
  name: 'container',
  version: 1,
  schema: containerRecord,
};

/** One container of a name and attempt in a sandbox at a time. */
export function containerKey(podId: string, config: ContainerConfig): string {
  return JSON.stringify([podId, config.name, config.attempt]);
}

/** `container 0123456789abc (web)`, for messages. */
export function containerTitle(record: { readonly id: string; readonly config: ContainerConfig }): string {
  return `container ${record.id.slice(0, 13)} (${record.config.name})`;
}
