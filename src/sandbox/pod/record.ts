import { z } from 'zod';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import type { PodId } from '../../base/ids.ts';
import { parsePodId } from '../../base/ids.ts';
import { podResourcesSchema } from './resources-schema.ts';

export const stringMap = z.record(z.string(), z.string());

/** A port of the host that leads into the pod. */
export const portMapping = z.object({
  protocol: z.enum(['tcp', 'udp', 'sctp']),
  containerPort: z.number(),
  hostPort: z.number(),
  /** Empty: every address of the host. */
  hostIp: z.string(),
});
export type PortMapping = Readonly<z.infer<typeof portMapping>>;

/** `size` ids from `containerId` on are those from `hostId` on of the host. */
const idMapping = z.object({ containerId: z.number(), hostId: z.number(), size: z.number() });
/** One mapping each, from 0 on. */
export const userMaps = z.object({ uids: z.array(idMapping), gids: z.array(idMapping) });
export type UserMaps = Readonly<z.infer<typeof userMaps>>;

const podConfig = z.object({
  name: z.string(),
  uid: z.string(),
  namespace: z.string(),
  attempt: z.number(),
  hostname: z.string(),
  /** Absolute, or empty: then containers have no log file. */
  logDirectory: z.string(),
  /** Null: the host's resolv.conf. */
  dns: z
    .object({ servers: z.array(z.string()), searches: z.array(z.string()), options: z.array(z.string()) })
    .nullable(),
  labels: stringMap,
  annotations: stringMap,
  /** As the kubelet spelt it; empty: under the configured parent. */
  cgroupParent: z.string(),
  /** `none`: a namespace of its own with only lo; CRI cannot ask for it. */
  network: z.enum(['pod', 'node', 'none']),
  ipc: z.enum(['pod', 'node']),
  pid: z.enum(['pod', 'container', 'node']),
  /** Null: the host's user namespace. */
  users: userMaps.nullable().default(null),
  /** Those with a host port, on a network of the pod's own. */
  ports: z.array(portMapping).default([]),
  sysctls: stringMap,
  privileged: z.boolean(),
  /** Of containers that have none of their own. */
  selinux: z
    .object({ user: z.string(), role: z.string(), type: z.string(), level: z.string() })
    .nullable()
    .default(null),
  limits: podResourcesSchema.default({ overhead: null, resources: null }),
  /** Made by `cricket run`, outside of CRI. `removeAtEnd`: it goes when its container has ended. */
  standalone: z.object({ removeAtEnd: z.boolean() }).optional(),
});
/** A sandbox's configuration, settled: what RunPodSandbox was asked for, with every default decided. */
export type PodConfig = Readonly<z.infer<typeof podConfig>>;

const podRecord = z.object({
  id: z.string().transform(parsePodId),
  config: podConfig,
  /** Name of the OCI runtime; empty means the default one. */
  handler: z.string(),
  /** Nanoseconds since 1970. */
  createdAt: z.string().transform(BigInt),
  /** The cgroup its containers live in. */
  cgroup: z.string(),
  /** We made that cgroup, so we remove it; the kubelet's own is the kubelet's. */
  ownsCgroup: z.boolean(),
  /** Pinned namespaces: kind → file. Those missing are the host's. */
  pins: z.partialRecord(z.enum(['net', 'ipc', 'uts', 'user']), z.string()),
  /** SELinux level of its containers, where nobody names one; empty where SELinux is off. */
  selinuxLevel: z.string().default(''),
  /** A sandbox of an earlier boot has no namespaces left. */
  bootId: z.string(),
});
/** What never changes of a sandbox once it is being made; also the intent from which a crash is undone. */
export type PodRecord = Readonly<z.output<typeof podRecord>>;
export const podRecordKind: CheckpointKind<PodRecord> = {
  name: 'pod',
  version: 1,
  schema: podRecord,
};

/** The name kubelet and crictl know it by: one sandbox of it at a time. */
export function podKey(config: PodConfig): string {
  const { namespace, name, uid, attempt, standalone } = config;
  return JSON.stringify([namespace, name, uid, attempt, ...(standalone === undefined ? [] : ['standalone'])]);
}

/** `default/web`, for messages. */
export function podTitle(record: { readonly id: PodId; readonly config: PodConfig }): string {
  return `pod sandbox ${record.id.slice(0, 13)} (${record.config.namespace}/${record.config.name})`;
}
