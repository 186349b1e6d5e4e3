import { readFile } from 'node:fs/promises';
import { allEnded } from '../../base/all-ended.ts';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import type { Image } from '../../image/service.ts';
import type { BlockIo } from '../oci/blockio.ts';
import { chooseCommand } from '../oci/spec/command.ts';
import { listHostDevices, resolveDevice } from '../oci/spec/host-devices.ts';
import type { DeviceNode, NamespaceChoice, Namespaces, SeccompChoice, SpecInput } from '../oci/spec/input.ts';
import { chooseCgroupNamespace } from '../oci/spec/namespaces.ts';
import { parseSeccompProfile } from '../oci/spec/seccomp/profile.ts';
import { containerLimits } from '../oci/spec/ulimits.ts';
import { toldAnnotations } from '../oci/runtime.ts';
import { hostnameOf } from '../pod/run.ts';
import { rootOf, shiftOf, userNamespace, hostFor } from '../pod/user-namespaces.ts';
import type { Parts } from '../parts.ts';
import type { SelinuxLabels } from '../selinux/labels.ts';
import { relabelSources } from '../selinux/relabel-sources.ts';
import { makeNamedVolumes } from '../standalone/volumes.ts';
import type { Pod } from '../store/store.ts';
import { givenOomScore } from './lowered.ts';
import { bindsInside } from './binds-inside.ts';
import { mountImageVolumes } from './image-volumes.ts';
import { checkMountAbilities } from './mount-abilities.ts';
import { resolveMounts } from './mount-sources.ts';
import { podMounts } from './pod-mounts.ts';
import type { ContainerRecord } from './record.ts';
import { runtimeOf } from './release.ts';
import { seedVolumes } from './seed-volumes.ts';
import { specResources } from './spec-resources.ts';
import { isLive } from './state.ts';

export type SpecParts = Pick<
  Parts,
  | 'apparmor'
  | 'cgroups'
  | 'disk'
  | 'features'
  | 'host'
  | 'hostPaths'
  | 'images'
  | 'locks'
  | 'oomScore'
  | 'paths'
  | 'runtimes'
  | 'settings'
  | 'store'
>;

export interface SpecSources {
  readonly record: ContainerRecord;
  readonly pod: Pod;
  readonly image: Image;
  readonly user: SpecInput['user'];
  readonly labels: SelinuxLabels;
  readonly blockIo: BlockIo;
}

/** Everything the specification needs, looked up: paths, devices, namespaces, profiles. */
export async function gatherSpec(parts: SpecParts, sources: SpecSources, signal: AbortSignal): Promise<SpecInput> {
  const { record, pod, image, user, labels } = sources;
  const { id, config } = record;
  const namespaces = chooseNamespaces(parts, sources);
  await checkMountAbilities(parts, config, runtimeOf(parts, record.handler));
  await makeNamedVolumes(parts, record, signal);
  const [mounts, volumes, images, devices, hostDevices, seccomp, apparmorProfile] = await allEnded([
    resolveMounts(parts, record, pod.record, signal),
    seedVolumes(parts, record, { image, owner: rootOf(pod.record.config) }, signal),
    mountImageVolumes(parts, record, { shift: shiftOf(pod.record), labels }, signal),
    resolveDevices(record, signal),
    config.privileged ? listHostDevices(signal) : [],
    chooseSeccomp(record),
    parts.apparmor.profileFor(config.apparmor, config.privileged),
  ]);
  const own = { mounts: [...volumes, ...mounts, ...images], podMounts: podMounts(parts.paths, pod.record, config) };
  const binds = pod.record.pins.user === undefined ? own : await bindsInside(parts, record, own, signal);
  await relabelSources(parts, { config, volumes, label: labels.mountLabel }, signal);
  return {
    id,
    hostname: hostnameOf(pod.record.config),
    cgroupsPath: record.cgroup,
    rootfs: { path: parts.paths.container(id).rootfs, readonly: config.readonlyRootfs },
    args: chooseCommand(id, { ...image.config, command: config.command, args: config.args }),
    imageEnv: image.config.env,
    env: config.env,
    cwd: config.workingDir || image.config.workingDir,
    user,
    terminal: config.tty,
    ...binds,
    devices,
    hostDevices,
    privileged: config.privileged,
    capabilities: config.capabilities,
    seccomp,
    apparmorProfile,
    selinux: labels,
    noNewPrivileges: config.noNewPrivs,
    maskedPaths: config.maskedPaths,
    readonlyPaths: config.readonlyPaths,
    namespaces,
    resources: specResources(config.resources, { ...parts.settings, hugepageSizes: parts.cgroups.hugepageSizes }),
    blockIo: sources.blockIo.throttle,
    oomScoreAdj: givenOomScore(parts, config.resources.oomScoreAdj),
    rlimits: containerLimits(config.name, pod.record.config.annotations, parts.settings),
    annotations: specAnnotations(parts, sources),
    host: hostFor(pod.record, parts.host),
  };
}

async function resolveDevices(record: ContainerRecord, signal: AbortSignal): Promise<readonly DeviceNode[]> {
  const lists = record.config.devices.map((device) => resolveDevice(record.id, device, signal));
  return (await Promise.all(lists)).flat();
}

function chooseNamespaces(parts: SpecParts, { record, pod }: SpecSources): Namespaces {
  const pinned = (path: string | undefined): NamespaceChoice =>
    path === undefined ? { kind: 'host' } : { kind: 'path', path };
  const { pins } = pod.record;
  return {
    net: pinned(pins.net),
    ipc: pinned(pins.ipc),
    uts: pinned(pins.uts),
    pid: choosePid(parts, record, pod),
    cgroup: chooseCgroupNamespace(parts.host.cgroupVersion, record.config.privileged),
    user: userNamespace(pod.record),
  };
}

function choosePid(parts: SpecParts, record: ContainerRecord, pod: Pod): NamespaceChoice {
  switch (record.config.pid) {
    case 'node':
      return { kind: 'host' };
    case 'container':
      return { kind: 'new' };
    case 'pod':
      if (pod.state.kind === 'ready' && pod.state.initPid > 0)
        return { kind: 'path', path: `/proc/${pod.state.initPid}/ns/pid` };
      throw fail('invalid_argument', `container ${record.config.name}: its sandbox has no shared PID namespace`);
    case 'target':
      return { kind: 'path', path: `/proc/${targetPid(parts, record)}/ns/pid` };
  }
}

function targetPid(parts: SpecParts, record: ContainerRecord): number {
  const target = [...parts.store.containers.values()].find(({ record: { id } }) => id === record.config.targetId);
  if (target?.record.podId !== record.podId || !isLive(target.state))
    throw fail(
      'invalid_argument',
      `container ${record.config.name}: target ${record.config.targetId} does not run in its sandbox`,
    );
  return target.state.init.pid;
}

async function chooseSeccomp(record: ContainerRecord): Promise<SeccompChoice> {
  const { seccomp, privileged } = record.config;
  if (seccomp.kind === 'unconfined' || privileged) return { kind: 'unconfined' };
  if (seccomp.kind === 'runtime-default') return { kind: 'runtime_default' };
  try {
    const text = await readFile(seccomp.reference, 'utf8');
    return { kind: 'profile', profile: parseSeccompProfile(seccomp.reference, text) };
  } catch (error) {
    const missing = errnoOf(error) === 'ENOENT' ? 'there is no such file; put it there, or name another' : undefined;
    throw fail('invalid_argument', `seccomp profile ${seccomp.reference}: ${missing ?? messageOf(error)}`, error);
  }
}

/**
 * What other tools on the node read from config.json. Annotations of the pod's author stay out, but for those that the
 * configuration of the runtime lets in: to crun and runc some are orders (`run.oci.*` can switch seccomp off).
 */
function specAnnotations(parts: SpecParts, { record, pod }: SpecSources): Readonly<Record<string, string>> {
  const given = { ...pod.record.config.annotations, ...record.config.annotations };
  return {
    ...toldAnnotations(runtimeOf(parts, record.handler), given),
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.sandbox-id': record.podId,
    'io.kubernetes.cri.container-name': record.config.name,
    'io.kubernetes.cri.sandbox-name': pod.record.config.name,
    'io.kubernetes.cri.sandbox-namespace': pod.record.config.namespace,
    'io.kubernetes.cri.image-name': record.config.image,
  };
}
