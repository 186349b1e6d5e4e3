import { existsSync } from 'node:fs';
import { during } from '../../base/errors.ts';
import { openCgroups } from '../../cgroups/cgroups.ts';
import type { CgroupDriver, Cgroups } from '../../cgroups/cgroups.ts';
import { isSliceName } from '../../cgroups/drivers/systemd.ts';
import { SystemdBus, systemBus } from '../../cgroups/systemd/bus.ts';
import { unitManager } from '../../cgroups/systemd/manager.ts';
import type { Config } from '../config/schema.ts';

/** Of a running systemd that is the service manager (sd_booted(3)). */
const booted = '/run/systemd/system';

const parents: Readonly<Record<CgroupDriver, string>> = { cgroupfs: '/cricket', systemd: 'cricket.slice' };

/** What "auto" means here: the socket is there from early on, whether or not somebody answers yet. */
export function chooseDriver({ driver, parent }: Config['cgroup']): CgroupDriver {
  if (driver !== 'auto') return driver;
  // Its spelling says it all.
  if (parent !== '') return isSliceName(parent) ? 'systemd' : 'cgroupfs';
  return existsSync(booted) && existsSync(systemBus) ? 'systemd' : 'cgroupfs';
}

export function cgroupParent(section: Config['cgroup']): string {
  return section.parent || parents[chooseDriver(section)];
}

/**
 * The machine's cgroups under the driver of the configuration. systemd is talked to under the other one too where it runs:
 * pods made before a change of the driver live on in its units. Errors: `unavailable` when it is needed and away,
 * `invalid_argument` for a parent that the driver does not spell so.
 */
export async function openDriver(
  section: Config['cgroup'],
  onStuck: () => void,
  stack: AsyncDisposableStack,
): Promise<Cgroups> {
  const driver = chooseDriver(section);
  const bus = driver === 'systemd' || existsSync(booted) ? stack.use(new SystemdBus()) : undefined;
  const manager = bus && unitManager(bus);
  const cgroups = openCgroups({ driver, manager, onStuck });
  try {
    cgroups.parseParent(cgroupParent(section));
    if (driver === 'systemd') await bus?.call('GetUnit', ['s', 'init.scope'], AbortSignal.timeout(30_000));
  } catch (error) {
    throw during(`cgroup driver ${driver}`, error);
  }
  return cgroups;
}
