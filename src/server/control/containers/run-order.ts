import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../../sandbox/oci/spec/paths.ts';
import { portMapping } from '../../../sandbox/pod/record.ts';
import { volumeName } from '../../../sandbox/standalone/volumes.ts';
import type { Paths } from '../../../sandbox/store/paths.ts';
import type { StandaloneOrder } from '../../../sandbox/standalone/make.ts';

const texts = z.array(z.string()).default([]);

/** What `cricket run` asks for. */
export const runOrder = z.object({
  /** '' for one that the daemon invents. */
  name: z.string().default(''),
  image: z.string(),
  /** Instead of the image's; null: the image's. */
  entrypoint: z.string().nullable().default(null),
  command: texts,
  env: texts,
  workdir: z.string().default(''),
  user: z.string().default(''),
  hostname: z.string().default(''),
  labels: z.record(z.string(), z.string()).default({}),
  mounts: z
    .array(
      z.object({
        /** '' where `volume` is the name of one. */
        source: z.string().default(''),
        volume: z.string().default(''),
        target: z.string(),
        readonly: z.boolean(),
        propagation: z.enum(['private', 'rslave', 'rshared']),
      }),
    )
    .default([]),
  ports: z.array(portMapping).default([]),
  dns: texts,
  network: z.enum(['pod', 'node', 'none']).default('pod'),
  readOnly: z.boolean().default(false),
  privileged: z.boolean().default(false),
  capAdd: texts,
  capDrop: texts,
  stopSignal: z.string().default(''),
  /** Bytes; 0: no limit. Memory and swap together: 0 is as much as the memory, -1 any. */
  memoryBytes: z.number().int().nonnegative().default(0),
  memorySwapBytes: z.number().int().min(-1).default(0),
  /** 0: no limit. */
  cpus: z.number().nonnegative().default(0),
  pidsLimit: z.number().int().min(-1).default(0),
  tty: z.boolean().default(false),
  stdin: z.boolean().default(false),
  detach: z.boolean().default(false),
  removeAtEnd: z.boolean().default(false),
  /** Of the client's terminal. */
  size: z.object({ columns: z.number().int(), rows: z.number().int() }).nullable().default(null),
});
export type RunOrder = z.output<typeof runOrder>;
export type RunWish = z.input<typeof runOrder>;

/** What names may be: those of Docker. */
export const runName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
/** The namespace of pods that no cluster has. */
export const runNamespace = 'cricket';

const cpuPeriod = 100_000;
/** The least that the kernel takes (cpu.cfs_quota_us). */
const leastQuota = 1000;

/** Errors: `invalid_argument` naming what it is about. */
export function standaloneOf(order: RunOrder, name: string, paths: Pick<Paths, 'logs' | 'volumes'>): StandaloneOrder {
  if (!runName.test(name))
    throw fail('invalid_argument', `name ${JSON.stringify(name.slice(0, 80))}: letters, digits, "_", "." and "-" only`);
  if (order.ports.length > 0 && order.network !== 'pod')
    throw fail('invalid_argument', `ports are of a network of its own; leave -p out with --network ${order.network}`);
  const uid = randomUUID();
  const logDirectory = join(paths.logs, uid);
  return {
    pod: {
      ...{ name, uid, namespace: runNamespace, attempt: 0, hostname: order.hostname, logDirectory },
      dns: order.dns.length === 0 ? null : { servers: order.dns, searches: [], options: [] },
      ...{ labels: order.labels, annotations: {}, cgroupParent: '' },
      ...{ network: order.network, ipc: 'pod', pid: 'container' },
      ...{
        ports: order.ports,
        sysctls: {},
        privileged: order.privileged,
        limits: { overhead: null, resources: null },
        selinux: null,
        users: null,
      },
      standalone: { removeAtEnd: order.removeAtEnd },
    },
    container: {
      ...{ name, attempt: 0, image: order.image, userSpecifiedImage: order.image, imageHandler: '' },
      ...{ imageAnnotations: {}, command: order.entrypoint === null ? [] : [order.entrypoint], args: order.command },
      ...{
        workingDir: order.workdir,
        env: order.env,
        mounts: order.mounts.map((mount) => mountOf(mount, paths.volumes)),
      },
      ...{ devices: [], cdiDevices: [], labels: order.labels, annotations: {}, logPath: join(logDirectory, '0.log') },
      ...{ stdin: order.stdin, stdinOnce: order.stdin && !order.detach, tty: order.tty, stopSignal: order.stopSignal },
      resources: resourcesOf(order),
      ...securityOf(order),
    },
  };
}

function mountOf({ source, volume, target, readonly, propagation }: RunOrder['mounts'][number], volumes: string) {
  if (volume !== '' && !volumeName.test(volume))
    throw fail(
      'invalid_argument',
      `volume ${JSON.stringify(volume.slice(0, 80))}: letters, digits, "_", "." and "-" only; a directory begins with a slash`,
    );
  return {
    ...{ hostPath: volume === '' ? source : join(volumes, volume), containerPath: target, readonly, propagation },
    ...{ recursiveReadonly: false, selinuxRelabel: false, options: [], users: null },
  };
}

function resourcesOf(order: RunOrder): StandaloneOrder['container']['resources'] {
  return {
    ...{ cpuShares: 0, cpuPeriod: order.cpus > 0 ? cpuPeriod : 0 },
    cpuQuota: order.cpus > 0 ? Math.max(leastQuota, Math.round(order.cpus * cpuPeriod)) : 0,
    memoryLimitBytes: order.memoryBytes,
    memorySwapLimitBytes: order.memoryBytes > 0 ? order.memorySwapBytes || order.memoryBytes : 0,
    ...{ cpusetCpus: '', cpusetMems: '', oomScoreAdj: 0, pidsLimit: order.pidsLimit, hugepages: [], unified: {} },
  };
}

/** As a kubelet's containers have it by default: the runtime's seccomp profile, paths of the kernel hidden. */
function securityOf({ privileged, capAdd, capDrop, user, readOnly }: RunOrder) {
  return {
    ...{ privileged, capabilities: { add: capAdd, drop: capDrop, addAmbient: [] }, pid: 'container', targetId: '' },
    user: { uid: null, gid: null, username: user, supplementalGroups: [], mergeImageGroups: true },
    ...{ readonlyRootfs: readOnly, noNewPrivs: false, selinux: null },
    ...{ maskedPaths: [...defaultMaskedPaths], readonlyPaths: [...defaultReadonlyPaths] },
    seccomp: { kind: privileged ? 'unconfined' : 'runtime-default', reference: '' },
    apparmor: { kind: 'unset', reference: '' },
  } as const satisfies Partial<StandaloneOrder['container']>;
}
