import {
  ContainerConfig,
  ContainerMetadata,
  DNSConfig,
  Device,
  ImageSpec,
  KeyValue,
  LinuxContainerConfig,
  LinuxContainerResources,
  LinuxContainerSecurityContext,
  LinuxPodSandboxConfig,
  LinuxSandboxSecurityContext,
  Mount,
  NamespaceMode,
  NamespaceOption,
  PodSandboxConfig,
  PodSandboxMetadata,
  PortMapping,
  Signal,
} from '../../api/cri/v1/api.ts';
import { filled } from './cri-client.ts';

/** What a pod of ours is told; what is left out is left out of the message too. */
export interface PodWish {
  readonly name: string;
  readonly uid?: string;
  readonly namespace?: string;
  readonly attempt?: number;
  readonly logDirectory?: string;
  readonly cgroupParent?: string;
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly ports?: readonly Partial<PortMapping>[];
  readonly dns?: Partial<DNSConfig>;
  readonly overhead?: Partial<LinuxContainerResources>;
  readonly resources?: Partial<LinuxContainerResources>;
  /** As the kubelet does without a word in the pod: each container has its own PID namespace, the rest is the pod's. */
  readonly namespaces?: Partial<NamespaceOption>;
  readonly privileged?: boolean;
}

export function podConfig(wish: PodWish): PodSandboxConfig {
  const namespaceOptions = filled(NamespaceOption, { pid: NamespaceMode.CONTAINER, ...wish.namespaces });
  return filled(PodSandboxConfig, {
    metadata: filled(PodSandboxMetadata, {
      name: wish.name,
      uid: wish.uid ?? `uid-${wish.name}`,
      namespace: wish.namespace ?? 'default',
      attempt: wish.attempt ?? 0,
    }),
    hostname: wish.hostname ?? wish.name,
    logDirectory: wish.logDirectory ?? '',
    labels: { ...wish.labels },
    annotations: { ...wish.annotations },
    portMappings: (wish.ports ?? []).map((port) => filled(PortMapping, port)),
    dnsConfig: wish.dns === undefined ? undefined : filled(DNSConfig, wish.dns),
    linux: filled(LinuxPodSandboxConfig, {
      cgroupParent: wish.cgroupParent ?? '',
      sysctls: { ...wish.sysctls },
      overhead: wish.overhead === undefined ? undefined : filled(LinuxContainerResources, wish.overhead),
      resources: wish.resources === undefined ? undefined : filled(LinuxContainerResources, wish.resources),
      securityContext: filled(LinuxSandboxSecurityContext, { namespaceOptions, privileged: wish.privileged ?? false }),
    }),
  });
}

export interface ContainerWish {
  readonly name: string;
  readonly attempt?: number;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly Partial<Mount>[];
  readonly logPath?: string;
  readonly workingDir?: string;
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly devices?: readonly Partial<Device>[];
  readonly stopSignal?: Signal;
  /** `vendor/class=name`. */
  readonly cdiDevices?: readonly string[];
  readonly resources?: Partial<LinuxContainerResources>;
  readonly security?: Partial<LinuxContainerSecurityContext>;
}

export function containerConfig(wish: ContainerWish): ContainerConfig {
  const namespaceOptions = filled(NamespaceOption, { pid: NamespaceMode.CONTAINER });
  const env = Object.entries(wish.env ?? {});
  return filled(ContainerConfig, {
    metadata: filled(ContainerMetadata, { name: wish.name, attempt: wish.attempt ?? 0 }),
    image: imageSpec(wish.image),
    command: wish.command ?? [],
    args: wish.args ?? [],
    envs: env.map(([key, value]) => filled(KeyValue, { key, value: Buffer.from(value) })),
    mounts: (wish.mounts ?? []).map((mount) => filled(Mount, mount)),
    logPath: wish.logPath ?? `${wish.name}_${wish.attempt ?? 0}.log`,
    workingDir: wish.workingDir ?? '',
    tty: wish.tty ?? false,
    stdin: wish.stdin ?? false,
    stdinOnce: wish.stdinOnce ?? false,
    devices: (wish.devices ?? []).map((device) => filled(Device, device)),
    stopSignal: wish.stopSignal ?? Signal.SIGNAL_RUNTIME_DEFAULT,
    CDIDevices: (wish.cdiDevices ?? []).map((name) => ({ name })),
    labels: { ...wish.labels },
    annotations: { ...wish.annotations },
    linux: filled(LinuxContainerConfig, {
      resources: wish.resources === undefined ? undefined : filled(LinuxContainerResources, wish.resources),
      securityContext: filled(LinuxContainerSecurityContext, { namespaceOptions, ...wish.security }),
    }),
  });
}

export const imageSpec = (image: string): ImageSpec => filled(ImageSpec, { image });
