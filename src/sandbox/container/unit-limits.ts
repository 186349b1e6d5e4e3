import { messageOf } from '../../base/errors.ts';
import { sleep } from '../../base/abort.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Resources } from '../../cgroups/resources.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';
import type { ContainerResources } from './resources.ts';
import { cgroupResources, specResources } from './spec-resources.ts';
import { isLive } from './state.ts';

export type UnitLimitParts = Pick<Parts, 'cgroups' | 'lifetime' | 'locks' | 'log' | 'settings' | 'store'>;

/** Milliseconds after a reload: systemd writes the files of all units behind it, in its own time. */
const looksMs = [100, 1_000, 5_000];

/**
 * Makes the limits of a container that systemd has a hand in be what was asked for, and systemd know them: an OCI runtime
 * may have told it less, and systemd writes a quota in whole percent, and its own default where it knows of none.
 */
export async function settleUnitLimits(
  { cgroups, settings }: Pick<Parts, 'cgroups' | 'settings'>,
  cgroup: string,
  wanted: ContainerResources,
  signal: AbortSignal,
): Promise<void> {
  if (!cgroups.isUnit(cgroup as CgroupPath)) return;
  const created = specResources(wanted, { ...settings, hugepageSizes: cgroups.hugepageSizes });
  const pids = BigInt(created.pidsLimit ?? 0);
  const resources: Resources = { ...cgroupResources(wanted), pidsLimit: pids === 0n ? -1n : pids };
  await cgroups.update(cgroup as CgroupPath, resources, signal);
}

/** Keeps the limits of all containers right over `systemctl daemon-reload`, one that came while we were away too. */
export async function keepUnitLimits(parts: UnitLimitParts): Promise<void> {
  let round = 0;
  const settleAll = async () => {
    const own = ++round;
    for (const ms of looksMs) {
      await sleep(ms, parts.lifetime);
      if (own !== round) return;
      for (const container of parts.store.containers.values()) await settleAgain(parts, container);
    }
  };
  const begin = () => {
    settleAll().catch((error: unknown) => {
      if (!parts.lifetime.aborted) parts.log.error({ reason: messageOf(error) }, 'limits not looked at');
    });
  };
  try {
    await parts.cgroups.onReloaded(begin);
  } catch (error) {
    // Under the other driver it is of use only to what was made before a change of it.
    if (parts.cgroups.driver === 'systemd') throw error;
    parts.log.debug({ reason: messageOf(error) }, 'systemd will not tell of its reloads');
  }
  begin();
}

async function settleAgain(parts: UnitLimitParts, container: Container): Promise<void> {
  const { record } = container;
  if (!isLive(container.state) || !parts.cgroups.isUnit(record.cgroup as CgroupPath)) return;
  try {
    using _held = await parts.locks.acquire(record.id, parts.lifetime);
    const { state } = container;
    if (!isLive(state)) return;
    await settleUnitLimits(parts, record.cgroup, state.resources, parts.lifetime);
  } catch (error) {
    if (parts.lifetime.aborted) return;
    parts.log.warn(
      { container: record.id, reason: messageOf(error) },
      'limits not as asked for after a reload of systemd',
    );
  }
}
