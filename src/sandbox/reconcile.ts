import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperationSeries } from '../../metrics/operations.ts';
import { messageOf } from '../base/errors.ts';
import type { ContainerId, PodId } from '../base/ids.ts';
import { settleExit } from './container/exit.ts';
import { readExitFile } from './container/exit-watch.ts';
import { killMonitors } from './container/monitors.ts';
import { releaseContainer } from './container/release.ts';
import { isLive } from './container/state.ts';
import { startTimeOf } from '../linux/pidfd.ts';
import { deleteContainer } from './oci/runtime.ts';
import type { RecoverParts } from './recover.ts';
import { podOfCgroup } from './pod/cgroups.ts';
import { breakUnpinned } from './pod/lost-pins.ts';
import { podsOnNetwork } from './pod/on-network.ts';
import type { Parts } from './parts.ts';
import { netPinDirectory, podOfNetPin } from './store/paths.ts';

export type ReconcileParts = RecoverParts &
  Pick<Parts, 'events' | 'instance' | 'settings'> & {
    readonly stateDirectory: string;
    readonly operations: Pick<OperationSeries, 'findings' | 'reconcile'>;
  };

const roundTimeoutMs = 120_000;

/**
 * Compares what we know with what the kernel and the disk show: what belongs to nobody is released, what
 * failed before is tried again. Every name looked at carries our instance or lies in our directories.
 * @returns what was found, one line each; nothing on a healthy node.
 */
export async function reconcile(parts: ReconcileParts): Promise<readonly string[]> {
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(roundTimeoutMs)]);
  const found: string[] = [];
  const look = async (what: string, work: () => Promise<readonly string[]>) => {
    try {
      note(what, await work());
    } catch (error) {
      if (parts.lifetime.aborted) return;
      note(what, [`${what}: ${messageOf(error)}`]);
    }
  };
  const note = (subject: string, lines: readonly string[]) => {
    found.push(...lines);
    if (lines.length > 0) parts.operations.findings.inc({ subject }, lines.length);
  };
  const end = parts.operations.reconcile.startTimer();
  await look('network', () => parts.network.reconcile(podsOnNetwork(parts.store), signal));
  await look('ends', () => missedEnds(parts));
  await look('pins', () => breakUnpinned(parts));
  await look('namespaces', () => orphanPins(parts, signal));
  await look('run-time directories', () => orphanDirectories(parts, signal));
  await look('runtime state', () => orphanRuntimeState(parts));
  await look('cgroups', () => orphanCgroups(parts, signal));
  await look('exit files', () => orphanExits(parts));
  end();
  for (const finding of found) {
    parts.log.warn({ finding }, 'reconciled');
    parts.events.publish({ type: 'node', action: 'reconcile', attributes: { finding } });
  }
  return found;
}

const unreadableIds = (store: ReconcileParts['store'], kind: 'pod' | 'container') =>
  [...store.unreadable.values()].filter((object) => object.kind === kind).map(({ id }) => id);

/** An end whose event was lost, and one whose release failed. */
async function missedEnds(parts: ReconcileParts): Promise<readonly string[]> {
  const found: string[] = [];
  for (const container of [...parts.store.containers.values()]) {
    const { state, record } = container;
    if (state.kind === 'exited' && !state.released && !parts.locks.isHeld(record.id)) {
      found.push(`container ${record.id.slice(0, 13)}: released again`);
      await releaseContainer(parts, container, parts.lifetime);
    }
    if (!isLive(state) || startTimeOf(state.init.pid) === state.init.start) continue;
    if (
      (await readExitFile(parts.paths.container(record.id).exit)) === undefined &&
      parts.exits.monitorLives(record.id)
    )
      continue;
    if (!isLive(container.state)) continue;
    found.push(`container ${record.id.slice(0, 13)}: its end was not noticed`);
    await settleExit(parts, container);
  }
  return found;
}

async function orphanPins(parts: ReconcileParts, signal: AbortSignal): Promise<readonly string[]> {
  // Asked once they are listed: pods come meanwhile.
  const isKnown = (id: string) =>
    [...parts.store.pods.keys(), ...unreadableIds(parts.store, 'pod')].some((pod) => pod.startsWith(id));
  const found: string[] = [];
  for (const name of await list(netPinDirectory)) {
    const id = podOfNetPin(parts.instance, name);
    if (id === undefined || isKnown(id)) continue;
    await parts.podCalls.call('unpinNamespaces', { pins: [join(netPinDirectory, name)] }, signal);
    found.push(`network namespace ${name} belonged to no sandbox`);
  }
  return found;
}

async function orphanDirectories(parts: ReconcileParts, signal: AbortSignal): Promise<readonly string[]> {
  const { store, stateDirectory } = parts;
  const found: string[] = [];
  for (const id of await list(join(stateDirectory, 'containers'))) {
    if (store.containers.has(id as ContainerId) || store.unreadable.has(id)) continue;
    await killMonitors(parts, id as ContainerId, signal);
    for (const within of ['images', 'shifted'])
      await parts.disk.call('unmountWithin', join(stateDirectory, 'containers', id, within), signal);
    await parts.disk.call('unmountAll', join(stateDirectory, 'containers', id, 'rootfs'), signal);
    await parts.disk.call('removeTree', join(stateDirectory, 'containers', id), signal);
    found.push(`directory of container ${id.slice(0, 13)} belonged to none`);
  }
  for (const id of await list(join(stateDirectory, 'pods'))) {
    if (store.pods.has(id as PodId) || store.unreadable.has(id)) continue;
    const at = parts.paths.pod(id as PodId);
    await parts.podCalls.call('unpinNamespaces', { pins: [at.ipc, at.uts, at.user], shm: at.shm }, signal);
    await parts.disk.call('removeTree', at.runtime, signal);
    found.push(`directory of sandbox ${id.slice(0, 13)} belonged to none`);
  }
  return found;
}

async function orphanRuntimeState(parts: ReconcileParts): Promise<readonly string[]> {
  const { store } = parts;
  const found: string[] = [];
  for (const runtime of parts.runtimes.values())
    for (const id of await list(runtime.root)) {
      if (!/^[0-9a-f]{64}$/.test(id) || store.unreadable.has(id)) continue;
      if (store.containers.has(id as ContainerId) || store.pods.has(id as PodId)) continue;
      await deleteContainer(parts.watcher, runtime, id);
      await rm(join(runtime.root, id), { recursive: true, force: true });
      found.push(`${runtime.name} knew container ${id.slice(0, 13)}, which nobody else did`);
    }
  return found;
}

/** After the runtime has ended what it knew: processes that are left belong to nobody either. */
async function orphanCgroups(parts: ReconcileParts, signal: AbortSignal): Promise<readonly string[]> {
  const { store, cgroups, instance, settings } = parts;
  const parent = cgroups.parseParent(settings.cgroupParent);
  const found: string[] = [];
  for (const name of cgroups.list(parent)) {
    const id = podOfCgroup(instance, parent, name);
    if (id === undefined || store.pods.has(id) || store.unreadable.has(id)) continue;
    await cgroups.kill(cgroups.child(parent, name), signal);
    await cgroups.remove(cgroups.child(parent, name), signal);
    found.push(`cgroup ${name} belonged to no sandbox`);
  }
  return found;
}

async function orphanExits(parts: ReconcileParts): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await list(parts.paths.exits)) {
    if (parts.store.containers.has(name as ContainerId) || parts.store.unreadable.has(name)) continue;
    await rm(join(parts.paths.exits, name), { force: true });
    found.push(`exit file ${name.slice(0, 13)} belonged to no container`);
  }
  return found;
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
}
