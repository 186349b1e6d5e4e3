import { fail } from '../../base/errors.ts';
import { DBusError } from '../../linux/dbus/connection.ts';
import { textOf, variant } from '../../linux/dbus/wire.ts';
import type { DBusValue, Variant } from '../../linux/dbus/wire.ts';
import type { SystemdBus } from './bus.ts';

/** Properties of a unit by name (org.freedesktop.systemd1(5)). */
export type UnitProperties = Readonly<Record<string, Variant>>;

/** What of systemd's manager the driver needs; the OCI runtimes ask for the scopes of containers themselves. */
export interface UnitManager {
  /** Of systemd. Errors: `unavailable` when it cannot be reached. */
  version(signal: AbortSignal): Promise<string>;
  /** Starts a slice, those above it too; one that is there is fine. Its cgroup is there a moment later. */
  startSlice(name: string, signal: AbortSignal): Promise<void>;
  /** A scope of our own, which this process is moved to; it may be there already. */
  startScope(scope: { name: string; slice: string; pid: number }, signal: AbortSignal): Promise<void>;
  /** Ends it, and forgets that it failed. One that is not there is fine. */
  stop(name: string, signal: AbortSignal): Promise<void>;
  /** Until the unit ends, over `daemon-reload`. One that is not there is fine: it has just ended. */
  setProperties(name: string, properties: UnitProperties, signal: AbortSignal): Promise<void>;
  /** `success`, `oom-kill`, …; undefined for a unit that systemd does not know any more. */
  result(name: string, signal: AbortSignal): Promise<string | undefined>;
  /** Calls back when systemd has read all units anew, and written their limits. */
  onReloaded(callback: () => void): Promise<void>;
}

const systemdError = 'org.freedesktop.systemd1.';
const yes = variant('b', true);
/** So that systemd gives the slice, and what is in it, the controllers that count. */
const accounting: UnitProperties = {
  ...{ CPUAccounting: yes, MemoryAccounting: yes, TasksAccounting: yes, IOAccounting: yes },
  DefaultDependencies: variant('b', false),
};

export function unitManager(bus: SystemdBus): UnitManager {
  const start = async (name: string, properties: UnitProperties, signal: AbortSignal) => {
    const body = [name, 'fail', pairs(properties), []] as const;
    await unless(['UnitExists'], name, () => bus.call('StartTransientUnit', ['ssa(sv)a(sa(sv))', ...body], signal));
  };
  const property = async (path: string, owner: string, name: string, signal: AbortSignal) => {
    const get = { path, interface: 'org.freedesktop.DBus.Properties', member: 'Get' };
    const [value] = await bus.ask(
      { ...get, signature: 'ss', body: [`org.freedesktop.systemd1.${owner}`, name] },
      signal,
    );
    return textOf((value as Variant).value);
  };
  return {
    version: async (signal) => property('/org/freedesktop/systemd1', 'Manager', 'Version', signal),
    startSlice: async (name, signal) =>
      start(name, { Description: variant('s', 'Cricket pods'), ...accounting }, signal),
    startScope: async ({ name, slice, pid }, signal) => {
      const own = { Slice: variant('s', slice), PIDs: variant('au', [pid]), Delegate: yes };
      await start(
        name,
        { Description: variant('s', 'Cricket, its monitors and helpers'), ...own, ...accounting },
        signal,
      );
    },
    stop: async (name, signal) => {
      await unless(['NoSuchUnit'], name, () => bus.call('StopUnit', ['ss', name, 'replace'], signal));
      await unless(['NoSuchUnit'], name, () => bus.call('ResetFailedUnit', ['s', name], signal));
    },
    setProperties: async (name, properties, signal) =>
      unless(['NoSuchUnit'], name, () =>
        bus.call('SetUnitProperties', ['sba(sv)', name, true, pairs(properties)], signal),
      ),
    result: async (name, signal) => {
      let result: string | undefined;
      await unless(['NoSuchUnit'], name, async () => {
        const [path] = await bus.call('GetUnit', ['s', name], signal);
        result = await property(textOf(path), 'Scope', 'Result', signal);
      });
      return result;
    },
    onReloaded: async (callback) => bus.onReloaded(callback),
  };
}

const pairs = (properties: UnitProperties): readonly DBusValue[] => Object.entries(properties);

/** Errors of systemd's by the last part of their names that mean what was asked for is so already. */
async function unless(fine: readonly string[], unit: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DBusError)) throw error;
    if (fine.some((name) => error.errorName === systemdError + name)) return;
    throw fail(
      error.errorName.endsWith('InvalidArgs') ? 'invalid_argument' : 'failed_precondition',
      `systemd refuses unit ${unit}: ${error.message} (${error.errorName})`,
      error,
    );
  }
}
