import type { NodeProfile } from './seccomp/profile.ts';
import type { OciBlockIo, OciIdMapping, OciInteger, OciRlimit } from './oci.ts';

/**
 * Everything that decides a container's config.json, settled: the parser of the RPC has applied the defaults,
 * resolved users, symlinks and device nodes, and refused what cannot be honoured.
 */
export interface SpecInput {
  /** For error messages. */
  readonly id: string;
  /** Of the pod: becomes HOSTNAME, and the UTS name where the container gets a UTS namespace of its own. */
  readonly hostname: string;
  /** Where it is, a scope of systemd's too: `/parent/name`. */
  readonly cgroupsPath: string;
  readonly rootfs: { readonly path: string; readonly readonly: boolean };
  /** From `chooseCommand`. */
  readonly args: readonly string[];
  /** `NAME=value` of the image, then of the container: a later one replaces an earlier one. */
  readonly imageEnv: readonly string[];
  readonly env: readonly string[];
  /** Empty: `/`. */
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
  readonly terminal: boolean;
  /** What the container asked for. */
  readonly mounts: readonly BindMount[];
  /** What the pod gives (/etc/hosts, /etc/hostname, /etc/resolv.conf, /dev/shm); the container's own go first. */
  readonly podMounts: readonly BindMount[];
  readonly devices: readonly DeviceNode[];
  /** Every device of the host, for privileged containers; see `listHostDevices`. */
  readonly hostDevices: readonly DeviceNode[];
  readonly privileged: boolean;
  readonly capabilities: CapabilityRequest;
  readonly seccomp: SeccompChoice;
  /** Empty: none. `unconfined` is a profile name of its own. */
  readonly apparmorProfile: string;
  /** Empty where SELinux is off. Relabelling of mounts is done before, not here. */
  readonly selinux: { readonly processLabel: string; readonly mountLabel: string };
  readonly noNewPrivileges: boolean;
  /** As the kubelet names them; empty means none (procMount Unmasked). Ignored when privileged. */
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly namespaces: Namespaces;
  readonly resources: SpecResources;
  /** The `blockIO` section as it goes into the file; empty: none. */
  readonly blockIo: OciBlockIo;
  /** Already raised to what the daemon may set: `effectiveOomScoreAdj`. */
  readonly oomScoreAdj: number;
  readonly rlimits: readonly OciRlimit[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly host: HostFacts;
}

/** What the host is and lets the daemon do; read once at start. */
export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  /** Swap is accounted: memory.memsw.* on v1, memory.swap.max on v2. Else no swap limit is written. */
  readonly swapAccounting: boolean;
  /** From `readCapabilities` of src/linux. */
  readonly capabilities: { readonly known: readonly string[]; readonly grantable: readonly string[] };
  /** From `readSeccompFacts` of src/linux. */
  readonly seccomp: {
    readonly available: boolean;
    readonly arch: string;
    readonly kernel: readonly [major: number, minor: number];
  };
}

export interface BindMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readonly: boolean;
  /** With `readonly` only: submounts become read-only too. */
  readonly recursiveReadonly: boolean;
  /** false: a file, which has no submounts. Left out: not known. */
  readonly directory?: boolean;
  readonly propagation: Propagation;
  /** More mount options: `nosuid`, `nodev`, `noexec` and friends. */
  readonly options: readonly string[];
  /** Empty: not idmapped. */
  readonly uidMappings: readonly OciIdMapping[];
  readonly gidMappings: readonly OciIdMapping[];
}

export type Propagation = 'private' | 'rslave' | 'rshared';

/** A device node as it is on the host, and where and how the container gets it. */
export interface DeviceNode {
  readonly containerPath: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  /** Permission bits only. */
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of `rwm`. */
  readonly permissions: string;
}

export interface CapabilityRequest {
  /** With or without CAP_, in any case; `ALL` means all. */
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly addAmbient: readonly string[];
}

/** `profile` is a profile of the node, read and parsed by `parseSeccompProfile`. */
export type SeccompChoice =
  | { readonly kind: 'runtime_default' }
  | { readonly kind: 'unconfined' }
  | { readonly kind: 'profile'; readonly profile: NodeProfile };

export type NamespaceChoice =
  { readonly kind: 'host' } | { readonly kind: 'new' } | { readonly kind: 'path'; readonly path: string };

export interface Namespaces {
  readonly net: NamespaceChoice;
  readonly ipc: NamespaceChoice;
  readonly uts: NamespaceChoice;
  readonly pid: NamespaceChoice;
  /** From `chooseCgroupNamespace`. */
  readonly cgroup: NamespaceChoice;
  readonly user: UserNamespaceChoice;
}

export type UserNamespaceChoice =
  | { readonly kind: 'host' }
  | {
      readonly kind: 'new';
      readonly uidMappings: readonly OciIdMapping[];
      readonly gidMappings: readonly OciIdMapping[];
    }
  | {
      readonly kind: 'path';
      readonly path: string;
      readonly uidMappings: readonly OciIdMapping[];
      readonly gidMappings: readonly OciIdMapping[];
    };

/** What CRI says: 0, empty and absent all mean "not given". Bytes and microseconds; negative lifts a limit. */
export interface SpecResources {
  readonly cpuShares?: OciInteger | undefined;
  readonly cpuQuota?: OciInteger | undefined;
  readonly cpuPeriod?: OciInteger | undefined;
  readonly memoryLimitBytes?: OciInteger | undefined;
  /** Memory and swap together. */
  readonly memorySwapLimitBytes?: OciInteger | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  readonly pidsLimit?: OciInteger | undefined;
  /** A limit of 0 forbids that page size (`2MB`, `1GB`). */
  readonly hugepages?: readonly { readonly pageSize: string; readonly limit: OciInteger }[] | undefined;
  /** cgroup v2 files by name. */
  readonly unified?: Readonly<Record<string, string>> | undefined;
}
