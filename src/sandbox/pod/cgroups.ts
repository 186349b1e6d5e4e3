import type { InstanceId, PodId } from '../../base/ids.ts';
import { childOf, nameOfChild } from '../../cgroups/drivers/systemd.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Parts } from '../parts.ts';
import type { Pod } from '../store/store.ts';
import type { PodRecord } from './record.ts';

/** The cgroup of a pod that names no parent. Its name bears the instance: two daemons may have the same parent. */
export function ownPodCgroup(
  { cgroups, settings, instance }: Pick<Parts, 'cgroups' | 'settings' | 'instance'>,
  id: PodId,
): CgroupPath {
  return childOf(cgroups.parseParent(settings.cgroupParent), podCgroupPrefix(instance) + id);
}

/**
 * The cgroup of a pod that names that parent; undefined: it names none, as does a kubelet with `cgroupsPerQOS: false`,
 * which says "/": containers right below the root would have no pod to be counted and limited in.
 */
export function namedPodCgroup({ cgroups }: Pick<Parts, 'cgroups'>, given: string): CgroupPath | undefined {
  return /^\/*$/.test(given) ? undefined : cgroups.parseParent(given);
}

const podCgroupPrefix = (instance: InstanceId) => `pod-${instance}-`;

/** The pod's id, if a directory in the configured parent is such a cgroup of this instance. */
export function podOfCgroup(instance: InstanceId, parent: CgroupPath, directory: string): PodId | undefined {
  const name = nameOfChild(parent, directory) ?? '';
  const id = name.slice(podCgroupPrefix(instance).length);
  return name.startsWith(podCgroupPrefix(instance)) && /^[0-9a-f]{64}$/.test(id) ? (id as PodId) : undefined;
}

/** Other pods in this cgroup: crictl's users name one parent for many. The first made it, the last takes it away. */
export function sharersOf({ store }: Pick<Parts, 'store'>, cgroup: CgroupPath, except?: PodId): readonly Pod[] {
  const others = [...store.pods.values()].filter(({ record }) => record.cgroup === cgroup && record.id !== except);
  return others.filter(({ state }) => state.kind !== 'removing');
}

/** Removes the pod's cgroup if it was made for it, or for others that were in it. */
export async function removePodCgroup(
  parts: Pick<Parts, 'cgroups' | 'store'>,
  { id, cgroup, ownsCgroup }: PodRecord,
  signal: AbortSignal,
): Promise<void> {
  const path = cgroup as CgroupPath;
  if (ownsCgroup && sharersOf(parts, path, id).length === 0) await parts.cgroups.remove(path, signal);
}

/**
 * Moves the daemon into a cgroup of its own, once. The monitors it starts inherit it: out of any pod's limits,
 * so that a pod which runs out of memory does not lose its monitor. Under a service manager the service's own
 * cgroup is that already. See docs/adr/0001-monitors-in-the-daemons-cgroup.md.
 */
export async function enterOwnCgroup(
  { cgroups, settings, instance }: Pick<Parts, 'cgroups' | 'settings' | 'instance'>,
  signal: AbortSignal,
): Promise<void> {
  const parent = cgroups.parseParent(settings.cgroupParent);
  // A scope's name is the whole machine's.
  const name = cgroups.driver === 'systemd' ? `cricket-daemon-${instance}` : 'daemon';
  await cgroups.enter(parent, name, process.pid, signal);
}
