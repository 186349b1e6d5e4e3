import { hostname as hostHostname } from 'node:os';
import { withTimeout } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import { newPodId } from '../../base/ids.ts';
import type { PodId } from '../../base/ids.ts';
import { nowNanos } from '../../base/clock.ts';
import { Rollback, describeFailures } from '../../base/rollback.ts';
import { describeSpan, traced } from '../../base/trace.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { cgroupResources } from '../container/spec-resources.ts';
import { namedPodCgroup, ownPodCgroup, removePodCgroup, sharersOf } from './cgroups.ts';
import { ownPodFiles } from './files.ts';
import { Making } from './making.ts';
import { podKey, podTitle } from './record.ts';
import type { PodConfig, PodRecord } from './record.ts';
import { podLimits } from './resources.ts';
import { isReady } from './state.ts';
import type { PodMaker } from '../network/network.ts';
import type { Parts } from '../parts.ts';
import { runtimeOf } from '../container/release.ts';
import { requireProgram } from '../oci/runtime.ts';
import { labelPodFiles, levelForPod } from '../selinux/of-pod.ts';
import { sameAsWritten } from '../store/same.ts';
import type { Pod } from '../store/store.ts';

export interface RunPodRequest {
  readonly config: PodConfig;
  /** Name of an OCI runtime; empty: the default one. */
  readonly handler: string;
}
export type RunPodParts = Pick<
  Parts,
  | 'bootId'
  | 'cgroups'
  | 'disk'
  | 'flights'
  | 'instance'
  | 'lifetime'
  | 'locks'
  | 'log'
  | 'network'
  | 'paths'
  | 'podCalls'
  | 'reach'
  | 'runtimes'
  | 'selinux'
  | 'settings'
  | 'store'
  | 'userNamespaces'
  | 'watcher'
>;

/** Milliseconds for one step on the kernel: they take one or two. */
const stepTimeoutMs = 15_000;

/**
 * Makes a sandbox, or joins its creation: a retry with the same name, and one after success, get the same id.
 * The signal ends the wait only. Errors: `already_exists` when the name is taken by another configuration.
 */
export async function runPod(parts: RunPodParts, request: RunPodRequest, signal: AbortSignal): Promise<PodId> {
  const key = `run ${podKey(request.config)}`;
  const existing = [...parts.store.pods.values()].find(
    (pod) => pod.state.kind !== 'creating' && `run ${podKey(pod.record.config)}` === key,
  );
  if (existing !== undefined) return sameOrRefused(existing, request);
  return parts.flights.join(key, () => makePod(parts, request), signal) as Promise<PodId>;
}

function sameOrRefused(pod: Pod, { config, handler }: RunPodRequest): PodId {
  const same = pod.record.handler === handler && sameAsWritten(pod.record.config, config);
  if (same && isReady(pod.state)) return pod.record.id;
  const title = podTitle(pod.record);
  if (!isReady(pod.state)) throw fail('already_exists', `${title} has that name and is not ready: remove it first`);
  throw fail('already_exists', `${title} has that name with another configuration: remove it, or raise the attempt`);
}

async function makePod(parts: RunPodParts, request: RunPodRequest): Promise<PodId> {
  const { store, paths, podCalls, network, disk, lifetime, reach } = parts;
  const record = planPod(parts, request);
  const usable = begun(requireProgram(runtimeOf(parts, record.handler)));
  await checkUsers(parts, record);
  const { id, config } = record;
  const at = paths.pod(id);
  const step = () => withTimeout(lifetime, stepTimeoutMs);
  describeSpan({ 'k8s.pod.name': config.name, 'k8s.namespace.name': config.namespace, 'k8s.pod.uid': config.uid });
  using _moves = parts.cgroups.expectMoves();
  using _held = await parts.locks.acquire(id, step());
  await using undo = new Rollback({
    clean: () => store.dropPod(id),
    stuck: async (failures) => {
      parts.log.error({ pod: id, failures: describeFailures(failures) }, 'sandbox left half made');
      await store.pods.get(id)?.note({ kind: 'broke', reason: describeFailures(failures) });
    },
  });
  const making = new Making(parts, store.beginPod(record), hostnameOf(config));

  undo.defer('run-time directory', (s) => disk.call('removeTree', at.runtime, s));
  // The reconciler finds these without the record, by their places.
  undo.defer('namespaces', async (s) => {
    await making.end();
    await podCalls.call('unpinNamespaces', { pins: Object.values(record.pins), shm: at.shm }, s);
  });

  // What it takes has records of its own, from before it is taken.
  const givenUp = new AbortController();
  const attaching = begun(attach(parts, record, making, AbortSignal.any([lifetime, givenUp.signal])));
  undo.defer('network', async (s) => {
    givenUp.abort();
    if (record.pins.net !== undefined) await network.detach(id, s);
  });

  await usable;
  undo.defer('cgroup', (s) => removePodCgroup(parts, record, s));
  if (record.ownsCgroup) await traced('pod.cgroup', async () => makeCgroup(parts, record, step()));
  reach('run-pod:cgroup');

  const { ips } = await attaching;
  reach('run-pod:network');

  const made = await making.finish(ips);
  await ownPodFiles(paths, record);
  await labelPodFiles(parts, record, step());
  reach('run-pod:files');

  await traced('pod.save', async () => made.commit());
  undo.commit();
  reach('run-pod:saved');
  parts.log.info({ pod: id, name: `${config.namespace}/${config.name}`, ips }, 'sandbox ready');
  return id;
}

/** Without a time limit: a CNI plugin has its own, it may wait for a whole cluster. */
async function attach(
  { network }: Pick<RunPodParts, 'network'>,
  { id, config, pins: { net: netns } }: PodRecord,
  maker: PodMaker,
  signal: AbortSignal,
): Promise<{ readonly ips: readonly string[] }> {
  if (netns === undefined || config.network === 'none') return { ips: [] };
  return traced('pod.network', async () => network.attach({ id, netns, config, maker }, signal));
}

/** The kubelet limits what it makes; what we make is limited here. */
async function makeCgroup(parts: RunPodParts, record: PodRecord, signal: AbortSignal): Promise<void> {
  const { cgroups } = parts;
  const cgroup = record.cgroup as CgroupPath;
  await cgroups.createPod(cgroup, signal);
  // Its limits are those of the pod that it was made for.
  if (sharersOf(parts, cgroup, record.id).length > 0) return;
  if (record.config.limits.resources !== null || record.config.limits.overhead !== null)
    await cgroups.update(cgroup, cgroupResources(podLimits(record.config.limits)), signal);
}

/** Work that is waited for later: its failure is told then. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

function planPod(parts: RunPodParts, { config, handler }: RunPodRequest): PodRecord {
  const { cgroups, settings, paths, runtimes } = parts;
  if (!runtimes.has(handler || settings.defaultRuntime))
    throw fail(
      'invalid_argument',
      `runtime handler ${JSON.stringify(handler)} is not configured; add [runtimes.${handler}]`,
    );
  const id = newPodId();
  const cgroup = namedPodCgroup(parts, config.cgroupParent) ?? ownPodCgroup(parts, id);
  const at = paths.pod(id);
  return {
    id,
    config,
    handler,
    createdAt: nowNanos(),
    cgroup,
    ownsCgroup: !cgroups.exists(cgroup) || sharersOf(parts, cgroup).some((pod) => pod.record.ownsCgroup),
    pins: {
      ...(config.network === 'node' ? {} : { net: at.net, uts: at.uts }),
      ...(config.ipc === 'pod' ? { ipc: at.ipc } : {}),
      ...(config.users === null ? {} : { user: at.user }),
    },
    selinuxLevel: levelForPod(parts),
    bootId: parts.bootId,
  };
}

/** Errors: `failed_precondition` for a user namespace where the host or the runtime cannot. */
async function checkUsers(parts: RunPodParts, { config, handler }: PodRecord): Promise<void> {
  if (config.users === null) return;
  const why = await parts.userNamespaces.whyNot(runtimeOf(parts, handler));
  if (why !== '') throw fail('failed_precondition', `a user namespace cannot be given: ${why}`);
}

/** On the host's network the host's name; else the one asked for, else of the pod's what a host name may have. */
export function hostnameOf(config: PodConfig): string {
  if (config.network === 'node') return hostHostname();
  // It is written into a hosts file: a newline in it would be a line of its own there.
  const ofName = config.name.replace(/[^a-z0-9.-]/gi, '-').slice(0, 63);
  return config.hostname || ofName.replace(/^[-.]+|[-.]+$/g, '') || 'pod';
}
