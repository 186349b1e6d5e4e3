import type { CgroupPath } from '../../cgroups/path.ts';
import type { Parts } from '../parts.ts';

type CgroupParts = Pick<Parts, 'cgroups' | 'settings'>;

/** All conmons sit here, out of any pod's memory limit: a pod that runs out must not lose its monitor. */
export function monitorsCgroup(parts: CgroupParts): CgroupPath {
  return parts.cgroups.child(parts.cgroups.parseParent(parts.settings.cgroupParent), 'monitors');
}
