/** The part of the OCI runtime configuration that we write. Field names are those of runtime-spec 1.0.2. */
export interface OciSpec {
  readonly ociVersion: string;
  readonly process: OciProcess;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname?: string | undefined;
  readonly mounts: readonly OciMount[];
  readonly hooks?: OciHooks | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: OciLinux;
}

/** Numbers past 2^53 (an unlimited rlimit is 2^64-1) are bigint; `encodeSpec` writes both. */
export type OciInteger = number | bigint;

export interface OciProcess {
  readonly terminal: boolean;
  readonly user: OciUser;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: OciCapabilities;
  readonly rlimits: readonly OciRlimit[];
  readonly noNewPrivileges: boolean;
  readonly apparmorProfile?: string | undefined;
  readonly oomScoreAdj: number;
  readonly selinuxLabel?: string | undefined;
}

export interface OciUser {
  readonly uid: number;
  readonly gid: number;
  readonly umask: number;
  readonly additionalGids: readonly number[];
}

export interface OciCapabilities {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly ambient: readonly string[];
}

export interface OciRlimit {
  readonly type: string;
  readonly soft: OciInteger;
  readonly hard: OciInteger;
}

export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  readonly uidMappings?: readonly OciIdMapping[] | undefined;
  readonly gidMappings?: readonly OciIdMapping[] | undefined;
}

export interface OciIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface OciHook {
  readonly path: string;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly timeout?: number | undefined;
}

export type OciHooks = {
  readonly [Stage in 'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop']?:
    readonly OciHook[] | undefined;
};

export interface OciLinux {
  readonly namespaces: readonly OciNamespace[];
  readonly uidMappings?: readonly OciIdMapping[] | undefined;
  readonly gidMappings?: readonly OciIdMapping[] | undefined;
  readonly devices: readonly OciDevice[];
  readonly cgroupsPath: string;
  readonly resources: OciResources;
  readonly rootfsPropagation?: string | undefined;
  readonly seccomp?: OciSeccomp | undefined;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly mountLabel?: string | undefined;
}

export interface OciNamespace {
  readonly type: 'mount' | 'pid' | 'network' | 'ipc' | 'uts' | 'cgroup' | 'user';
  readonly path?: string | undefined;
}

export interface OciDevice {
  readonly path: string;
  readonly type: 'c' | 'b' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface OciDeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'c' | 'b' | undefined;
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  readonly access: string;
}

export interface OciResources {
  readonly devices: readonly OciDeviceRule[];
  readonly cpu?: Readonly<Record<'shares' | 'quota' | 'period', OciInteger | undefined>> &
    Readonly<Record<'cpus' | 'mems', string | undefined>>;
  readonly memory?: { readonly limit: OciInteger | undefined; readonly swap: OciInteger | undefined };
  readonly pids?: { readonly limit: OciInteger };
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: OciInteger }[];
  readonly unified?: Readonly<Record<string, string>>;
  readonly blockIO?: OciBlockIo;
}

export interface BlockDevice {
  readonly major: number;
  readonly minor: number;
}
export type OciBlockRate = BlockDevice & { readonly rate: number };

/** `linux.resources.blockIO` of runtime-spec, without weights: runtimes know other files for them than kernels have. */
export interface OciBlockIo {
  readonly throttleReadBpsDevice?: readonly OciBlockRate[];
  readonly throttleWriteBpsDevice?: readonly OciBlockRate[];
  readonly throttleReadIOPSDevice?: readonly OciBlockRate[];
  readonly throttleWriteIOPSDevice?: readonly OciBlockRate[];
}

export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number | undefined;
  readonly architectures?: readonly string[] | undefined;
  readonly flags?: readonly string[] | undefined;
  readonly listenerPath?: string | undefined;
  readonly listenerMetadata?: string | undefined;
  readonly syscalls: readonly OciSyscallRule[];
}

export interface OciSyscallRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number | undefined;
  readonly args?: readonly OciSyscallArgument[] | undefined;
}

export interface OciSyscallArgument {
  readonly index: number;
  readonly value: OciInteger;
  readonly valueTwo?: OciInteger | undefined;
  readonly op: string;
}
