import type { CgroupDriver } from '../../cgroups/cgroups.ts';
import { isSliceName } from '../../cgroups/drivers/systemd.ts';
import type { Config } from '../config/schema.ts';

/** There while systemd is the service manager (sd_booted(3)). */
export const booted = '/run/systemd/system';

/** Whether that is there, and the socket of the system bus. */
export interface Seen {
  readonly booted: boolean;
  readonly bus: boolean;
}

const parents: Readonly<Record<CgroupDriver, string>> = { cgroupfs: '/cricket', systemd: 'cricket.slice' };

/** What "auto" means: the socket of D-Bus is there from early on, whether or not somebody answers yet. */
export function driverHere({ driver, parent }: Config['cgroup'], seen: Seen): CgroupDriver {
  if (driver !== 'auto') return driver;
  // Its spelling says it all.
  if (parent !== '') return isSliceName(parent) ? 'systemd' : 'cgroupfs';
  return seen.booted && seen.bus ? 'systemd' : 'cgroupfs';
}

export function parentHere(section: Config['cgroup'], seen: Seen): string {
  return section.parent || parents[driverHere(section, seen)];
}
