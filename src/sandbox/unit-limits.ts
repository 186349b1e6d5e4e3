import { messageOf } from '../base/errors.ts';
import { sleep } from '../base/abort.ts';
import type { CgroupPath } from '../cgroups/path.ts';
import type { Resources } from '../cgroups/resources.ts';
import type { Parts } from './parts.ts';
import { podLimits, podResourcesOf } from './pod/resources.ts';
import { isReady } from './pod/state.ts';
import type { Container, Pod } from './store/store.ts';
import type { ContainerResources } from './container/resources.ts';
import { cgroupResources, specResources } from './container/spec-resources.ts';
import { isLive } from './container/state.ts';

export type UnitLimitParts = Pick<Parts, 'cgroups' | 'lifetime' | 'locks' | 'log' | 'settings' | 'store'>;

/** Milliseconds after a reload: systemd writes the files of all units behind it, in its own time. */
const looksMs = [100, 1_000, 5_000];

/**
 * Makes the limits of a container be what was asked for where its OCI runtime may not have. Some limit huge pages that are
 * in use alone, and reservations past the limit end in SIGBUS. Of what systemd has a hand in it is told all: the runtime
 * may have told it less, and systemd writes a quota in whole percent, and its own default where it knows of none.
 */
export async function settleLimits(
  { cgroups, settings }: Pick<Parts, 'cgroups' | 'settings'>,
  cgroup: string,
  wanted: ContainerResources,
  signal: AbortSignal,
): Promise<void> {
  if (!cgroups.isUnit(cgroup as CgroupPath)) {
    const { hugepages = [] } = cgroupResources(wanted);
    if (hugepages.length > 0) await cgroups.update(cgroup as CgroupPath, { hugepages }, signal);
    return;
  }
  const created = specResources(wanted, { ...settings, hugepageSizes: cgroups.hugepageSizes });
  const pids = BigInt(created.pidsLimit ?? 0);
  const resources: Resources = { ...cgroupResources(wanted), pidsLimit: pids === 0n ? -1n : pids };
  await cgroups.update(cgroup as CgroupPath, resources, signal);
}

/** Keeps the limits of all pods and containers right over `systemctl daemon-reload`, one that came while we were away too. */
export async function keepUnitLimits(parts: UnitLimitParts): Promise<void> {
  let round = 0;
  const settleAll = async () => {
    const own = ++round;
    for (const ms of looksMs) {
      await sleep(ms, parts.lifetime);
      if (own !== round) return;
      for (const pod of parts.store.pods.values()) await again(parts, pod, settlePod);
      for (const container of parts.store.containers.values()) await again(parts, container, settleContainer);
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

async function again<T extends Container | Pod>(
  parts: UnitLimitParts,
  one: T,
  settle: (parts: UnitLimitParts, one: T) => Promise<void>,
): Promise<void> {
  const { id, cgroup } = one.record;
  if (!parts.cgroups.isUnit(cgroup as CgroupPath)) return;
  try {
    using _held = await parts.locks.acquire(id, parts.lifetime);
    await settle(parts, one);
  } catch (error) {
    if (parts.lifetime.aborted) return;
    parts.log.warn({ object: id, reason: messageOf(error) }, 'limits not as asked for after a reload of systemd');
  }
}

async function settleContainer(parts: UnitLimitParts, { record, state }: Container): Promise<void> {
  if (isLive(state)) await settleLimits(parts, record.cgroup, state.resources, parts.lifetime);
}

/** One that the kubelet made is the kubelet's. */
async function settlePod(parts: UnitLimitParts, pod: Pod): Promise<void> {
  const { record, state } = pod;
  if (!isReady(state) || !record.ownsCgroup) return;
  const limits = cgroupResources(podLimits(podResourcesOf(pod)));
  await parts.cgroups.update(record.cgroup as CgroupPath, limits, parts.lifetime);
}
