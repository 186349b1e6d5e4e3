import { existsSync } from 'node:fs';
import { during } from '../../base/errors.ts';
import { openCgroups } from '../../cgroups/cgroups.ts';
import type { Cgroups } from '../../cgroups/cgroups.ts';
import { SystemdBus, systemBus } from '../../cgroups/systemd/bus.ts';
import { unitManager } from '../../cgroups/systemd/manager.ts';
import type { Config } from '../config/schema.ts';
import { booted, driverHere, parentHere } from './driver.ts';
import type { Seen } from './driver.ts';

/** Milliseconds that systemd may take to answer at our start. */
const answerMs = 30_000;

const look = (): Seen => ({ booted: existsSync(booted), bus: existsSync(systemBus) });

export const cgroupParent = (section: Config['cgroup']): string => parentHere(section, look());

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
  const seen = look();
  const driver = driverHere(section, seen);
  const bus = driver === 'systemd' || seen.booted ? stack.use(new SystemdBus()) : undefined;
  const manager = bus && unitManager(bus);
  const cgroups = openCgroups({ driver, manager, onStuck });
  try {
    cgroups.parseParent(parentHere(section, seen));
    if (driver === 'systemd') await manager?.version(AbortSignal.timeout(answerMs));
  } catch (error) {
    throw during(`cgroup driver ${driver}`, error);
  }
  return cgroups;
}
