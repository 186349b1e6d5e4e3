import { CricketError, messageOf } from '../../../base/errors.ts';
import { parseSystemdParent } from '../../../cgroups/drivers/systemd.ts';
import { parseCgroupfsParent } from '../../../cgroups/drivers/cgroupfs.ts';
import { systemBus } from '../../../cgroups/systemd/bus.ts';
import { DBusError } from '../../../linux/dbus/connection.ts';
import type { Config } from '../../config/schema.ts';
import { booted, driverHere, parentHere } from '../../wiring/driver.ts';
import { failed, ok } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

/** Who will make cgroups, and whether systemd answers if it is to. */
export async function checkDriver(host: Host, { cgroup }: Config): Promise<readonly Finding[]> {
  const seen = { booted: await host.exists(booted), bus: await host.exists(systemBus) };
  const driver = driverHere(cgroup, seen);
  const name = 'cgroup driver';
  const parent = parentHere(cgroup, seen);
  try {
    (driver === 'systemd' ? parseSystemdParent : parseCgroupfsParent)(parent);
  } catch (error) {
    return [failed(name, messageOf(error), 'set cgroup.parent as that driver spells it, or leave it out')];
  }
  if (driver === 'cgroupfs') return [ok(name, `cgroupfs, below ${parent}`)];
  if (!seen.booted) return [failed(name, 'systemd does not run here', 'set cgroup.driver = "cgroupfs"')];
  const version = await host.systemdVersion().catch((error: unknown) => error);
  if (typeof version === 'string') return [ok(name, `systemd ${version}, below ${parent}`)];
  const why = version instanceof CricketError || version instanceof DBusError ? version.message : String(version);
  return [failed(name, `systemd: ${why}`, 'systemctl start dbus.socket, or set cgroup.driver = "cgroupfs"')];
}
