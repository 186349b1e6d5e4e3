import type { InstanceId, PodId } from '../../base/ids.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Parts } from '../parts.ts';

/** The cgroup of a pod that names no parent. Its name bears the instance: two daemons may have the same parent. */
export function ownPodCgroup(
  { cgroups, settings, instance }: Pick<Parts, 'cgroups' | 'settings' | 'instance'>,
  id: PodId,
): CgroupPath {
  return cgroups.child(cgroups.parseParent(settings.cgroupParent), podCgroupPrefix(instance) + id);
}

const podCgroupPrefix = (instance: InstanceId) => `pod-${instance}-`;

/** The pod's id, if a child of the configured parent is such a cgroup of this instance. */
export function podOfCgroup(instance: InstanceId, name: string): PodId | undefined {
  const id = name.slice(podCgroupPrefix(instance).length);
  return name.startsWith(podCgroupPrefix(instance)) && /^[0-9a-f]{64}$/.test(id) ? (id as PodId) : undefined;
}

/**
 * Moves the daemon into a cgroup of its own, once. The monitors it starts inherit it: out of any pod's limits,
 * so that a pod which runs out of memory does not lose its monitor. Under a service manager the service's own
 * cgroup is that already. See docs/adr/0001-monitors-in-the-daemons-cgroup.md.
 */
export function enterOwnCgroup({ cgroups, settings }: Pick<Parts, 'cgroups' | 'settings'>): void {
  const own = cgroups.child(cgroups.parseParent(settings.cgroupParent), 'daemon');
  cgroups.create(own);
  cgroups.move(process.pid, own);
}
