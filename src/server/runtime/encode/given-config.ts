import {
  MountPropagation,
  NamespaceMode,
  SecurityProfile_ProfileType,
  SupplementalGroupsPolicy,
} from '../../../../api/cri/v1/api.ts';
import type {
  AppArmorProfile,
  ContainerConfig,
  ContainerMount,
  SecurityProfile,
} from '../../../sandbox/container/record.ts';
import type { ContainerResources } from '../../../sandbox/container/resources.ts';
import type { PodConfig } from '../../../sandbox/pod/record.ts';
import type { PodResources } from '../../../sandbox/pod/resources-schema.ts';
import { encodeUsers } from './users.ts';

/** With the names, and the numbers for enums, that JSON of the CRI messages has elsewhere in the field. */
type Shown = Readonly<Record<string, unknown>>;

const modes = {
  pod: NamespaceMode.POD,
  container: NamespaceMode.CONTAINER,
  node: NamespaceMode.NODE,
  target: NamespaceMode.TARGET,
  none: NamespaceMode.POD,
} as const;
const propagations = {
  private: MountPropagation.PROPAGATION_PRIVATE,
  rslave: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  rshared: MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;
const profiles = {
  'runtime-default': SecurityProfile_ProfileType.RuntimeDefault,
  unconfined: SecurityProfile_ProfileType.Unconfined,
  localhost: SecurityProfile_ProfileType.Localhost,
} as const;

/** PodSandboxConfig as it was understood. */
export function givenPodConfig(config: PodConfig): Shown {
  const { name, uid, namespace, attempt, network, pid, ipc } = config;
  return {
    metadata: { name, uid, namespace, attempt },
    hostname: config.hostname,
    log_directory: config.logDirectory,
    dns_config: config.dns,
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroup_parent: config.cgroupParent,
      security_context: {
        namespace_options: {
          ...{ network: modes[network], pid: modes[pid], ipc: modes[ipc] },
          userns_options: encodeUsers(config.users),
        },
        privileged: config.privileged,
      },
      sysctls: config.sysctls,
      ...shownPodResources(config.limits),
    },
  };
}

export const shownPodResources = ({ overhead, resources }: PodResources): Shown => ({
  ...(overhead === null ? {} : { overhead: shownResources(overhead) }),
  ...(resources === null ? {} : { resources: shownResources(resources) }),
});

/** ContainerConfig as it was understood, environment included: the specification beside it has that too. */
export function givenContainerConfig(config: ContainerConfig): Shown {
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: {
      image: config.image,
      annotations: config.imageAnnotations,
      user_specified_image: config.userSpecifiedImage,
      runtime_handler: config.imageHandler,
    },
    command: config.command,
    args: config.args,
    working_dir: config.workingDir,
    envs: config.env.map((entry) => {
      const end = entry.indexOf('=');
      return { key: entry.slice(0, end), value: entry.slice(end + 1) };
    }),
    mounts: config.mounts.map(shownMount),
    devices: config.devices.map(({ hostPath, containerPath, permissions }) => ({
      container_path: containerPath,
      host_path: hostPath,
      permissions,
    })),
    labels: config.labels,
    annotations: config.annotations,
    log_path: config.logPath,
    stdin: config.stdin,
    stdin_once: config.stdinOnce,
    tty: config.tty,
    linux: { resources: shownResources(config.resources), security_context: shownSecurity(config) },
  };
}

function shownMount(mount: ContainerMount): Shown {
  return {
    container_path: mount.containerPath,
    host_path: mount.hostPath,
    readonly: mount.readonly,
    selinux_relabel: mount.selinuxRelabel,
    propagation: propagations[mount.propagation],
    recursive_read_only: mount.recursiveReadonly,
  };
}

export function shownResources(resources: ContainerResources): Shown {
  return {
    cpu_period: resources.cpuPeriod,
    cpu_quota: resources.cpuQuota,
    cpu_shares: resources.cpuShares,
    memory_limit_in_bytes: resources.memoryLimitBytes,
    memory_swap_limit_in_bytes: resources.memorySwapLimitBytes,
    oom_score_adj: resources.oomScoreAdj,
    cpuset_cpus: resources.cpusetCpus,
    cpuset_mems: resources.cpusetMems,
    hugepage_limits: resources.hugepages.map(({ pageSize, limit }) => ({ page_size: pageSize, limit })),
    unified: resources.unified,
  };
}

function shownSecurity(config: ContainerConfig): Shown {
  const { user, capabilities } = config;
  return {
    capabilities: {
      add_capabilities: capabilities.add,
      drop_capabilities: capabilities.drop,
      add_ambient_capabilities: capabilities.addAmbient,
    },
    privileged: config.privileged,
    namespace_options: { pid: modes[config.pid], target_id: config.targetId },
    run_as_user: user.uid === null ? null : { value: user.uid },
    run_as_group: user.gid === null ? null : { value: user.gid },
    run_as_username: user.username,
    supplemental_groups: user.supplementalGroups,
    supplemental_groups_policy: user.mergeImageGroups
      ? SupplementalGroupsPolicy.Merge
      : SupplementalGroupsPolicy.Strict,
    readonly_rootfs: config.readonlyRootfs,
    no_new_privs: config.noNewPrivs,
    masked_paths: config.maskedPaths,
    readonly_paths: config.readonlyPaths,
    seccomp: shownProfile(config.seccomp),
    apparmor: shownProfile(config.apparmor),
    selinux_options: config.selinux,
  };
}

const shownProfile = ({ kind, reference }: SecurityProfile | AppArmorProfile): Shown | null =>
  kind === 'unset' ? null : { profile_type: profiles[kind], localhost_ref: reference };
