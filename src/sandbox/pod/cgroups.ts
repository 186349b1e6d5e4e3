import type { Parts } from '../parts.ts';

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
