import { writeFile } from 'node:fs/promises';
import { allEnded } from '../../base/all-ended.ts';
import { nowNanos } from '../../base/clock.ts';
import { during, fail, messageOf } from '../../base/errors.ts';
import { newContainerId } from '../../base/ids.ts';
import type { ContainerId } from '../../base/ids.ts';
import { Rollback, describeFailures } from '../../base/rollback.ts';
import { describeSpan, traced } from '../../base/trace.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Image } from '../../image/service.ts';
import { createMonitored } from '../oci/conmon.ts';
import type { Monitored } from '../oci/conmon.ts';
import { requireProgram } from '../oci/runtime.ts';
import { buildSpec } from '../oci/spec/spec.ts';
import { encodeSpec } from '../oci/spec/encode.ts';
import { ensurePodInit } from '../pod/init.ts';
import type { InitParts } from '../pod/init.ts';
import { podTitle } from '../pod/record.ts';
import { isReady } from '../pod/state.ts';
import { checkMapped, shiftOf } from '../pod/user-namespaces.ts';
import { sameAsWritten } from '../store/same.ts';
import type { Container, Pod } from '../store/store.ts';
import { containerKey, containerTitle } from './record.ts';
import type { ContainerConfig, ContainerRecord } from './record.ts';
import { deleteFiles } from './remove.ts';
import type { RemoveParts } from './remove.ts';
import { containerBlockIo } from './block-io.ts';
import { loweredNotes } from './lowered.ts';
import { imagesOfVolumes } from './image-volumes.ts';
import { editSpec } from './edit-spec.ts';
import { prepareLog } from './prepare-log.ts';
import { makeBundle, settleShifted, staged } from './shifted.ts';
import { dismantle, runtimeOf } from './release.ts';
import { gatherSpec } from './spec-input.ts';
import { cgroupResources } from './spec-resources.ts';
import type { SpecParts } from './spec-input.ts';
import { contextOf } from '../selinux/labels.ts';
import { labelsInPod } from '../selinux/of-pod.ts';
import { settleLater } from './exit.ts';
import type { ExitParts } from './exit.ts';
import { signalNumber } from './stop-signal.ts';
import { endUnstartable, isToldAtStart } from './unstartable.ts';
import { madeAlone } from '../standalone/standalone.ts';
import { settleLimits } from '../unit-limits.ts';
import { containerUser } from './user.ts';
import type { Parts } from '../parts.ts';

export type CreateParts = SpecParts &
  InitParts &
  RemoveParts &
  ExitParts &
  Pick<Parts, 'bootId' | 'cdi' | 'flights' | 'images' | 'seccompFilters' | 'selinux'>;

/** Below the two minutes that a kubelet waits, so that it hears why; a machine that does much else may need most of them. */
const createTimeoutMs = 110_000;

/**
 * Makes a container, or joins its creation: a retry gets the same id. The signal ends the wait only. One that cannot run
 * as its user wants it is made all the same, outside of standalone pods: it has ended, and its start tells why (ADR 14).
 * Errors: `not_found` for an absent image, `failed_precondition` for a sandbox that is not ready,
 * `already_exists` when the name is taken by another configuration.
 */
export async function createContainer(
  parts: CreateParts,
  pod: Pod,
  config: ContainerConfig,
  signal: AbortSignal,
): Promise<ContainerId> {
  const key = containerKey(pod.record.id, config);
  const existing = parts.store
    .containersOf(pod.record.id)
    .find((other) => other.state.kind !== 'creating' && containerKey(other.record.podId, other.record.config) === key);
  if (existing !== undefined) return sameOrRefused(existing, config);
  return parts.flights.join(`create ${key}`, () => makeContainer(parts, pod, config), signal) as Promise<ContainerId>;
}

function sameOrRefused(container: Container, config: ContainerConfig): ContainerId {
  if (container.state.kind === 'created' && sameAsWritten(container.record.config, config)) return container.record.id;
  const title = containerTitle(container.record);
  throw fail(
    'already_exists',
    `${title} has that name and is ${container.state.kind}: remove it, or raise the attempt`,
  );
}

async function makeContainer(parts: CreateParts, pod: Pod, config: ContainerConfig): Promise<ContainerId> {
  const { store, paths, disk, images, reach } = parts;
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(createTimeoutMs)]);
  using _moves = parts.cgroups.expectMoves();
  using _pod = await parts.locks.acquire(pod.record.id, signal);
  if (!isReady(pod.state))
    throw fail('failed_precondition', `${podTitle(pod.record)} is ${pod.state.kind}; make a new one`);
  const image = requireImage(parts, config);
  await requireProgram(runtimeOf(parts, pod.record.handler));
  const record = planContainer(parts, pod, config, image);
  const { id } = record;
  const at = paths.container(id);
  using _held = await parts.locks.acquire(id, signal);
  describeSpan({ 'container.id': id, 'k8s.container.name': config.name, 'container.image.name': config.image });
  const container = await traced('container.intent', () => addOrRelease(parts, record));
  await using undo = new Rollback({
    clean: async () => {
      await store.dropContainer(id);
      images.release(id);
    },
    stuck: async (failures) => {
      parts.log.error({ container: id, failures: describeFailures(failures) }, 'container left half made');
      await container.note({ kind: 'broke', reason: describeFailures(failures) });
    },
  });
  reach('create:intent');

  undo.defer('files', (s) => deleteFiles(parts, container, s));
  const lower = image.layers.map((layer) => layer.path).reverse();
  const shift = shiftOf(pod.record);
  const labels = labelsInPod(parts, pod.record, config);
  const rootfs = { lower, write: { upper: at.upper, work: at.work }, target: at.rootfs, ...contextOf(labels) };
  await makeBundle(at.bundle, shift);
  await traced('container.rootfs', () =>
    disk.call('mountLayers', { ...rootfs, shift: staged(shift, at.staging) }, signal),
  );
  reach('create:rootfs');

  if (config.pid === 'pod') await traced('pod.init', () => ensurePodInit(parts, pod, signal));
  const user = await traced('container.user', () => containerUser(at.rootfs, config, image));
  checkMapped(pod.record.config, user);
  const blockIo = await containerBlockIo(parts, config.name, pod.record);
  const runtime = runtimeOf(parts, record.handler);
  const sources = { record, pod, image, user, labels, blockIo };
  const input = await traced('container.spec', () => gatherSpec(parts, sources, signal));
  const built = await traced('container.edits', () => editSpec(parts, record, pod.record.config, buildSpec(input)));
  const lowered = loweredNotes(parts, record, config.resources);
  if (lowered.length > 0) parts.log.warn({ container: id, lowered }, 'container has less than it asked for');
  const spec = parts.seccompFilters.apply(runtime, built);
  await traced('container.bundle', () =>
    allEnded([writeFile(at.spec, encodeSpec(spec), { mode: 0o600 }), prepareLog(parts, config, signal)]),
  );
  reach('create:bundle');

  undo.defer('process and cgroup', (s) => dismantle(parts, container, s));
  let monitored: Monitored;
  try {
    monitored = await traced('container.runtime', () => monitor(parts, record, signal));
  } catch (error) {
    // Without the id, which each try has anew: the kubelet counts events of one text, and lists those of many.
    if (madeAlone(pod) || !isToldAtStart(error)) throw during(`container ${config.name}`, error);
    const made = { resources: config.resources, user, message: messageOf(error) };
    await endUnstartable(parts, container, made, signal);
    undo.commit();
    return id;
  }
  await settleLimits(parts, record.cgroup, config.resources, signal);
  parts.cgroups.setBlockIoWeights(record.cgroup as CgroupPath, blockIo.weights);
  reach('create:monitor');
  if (shift !== undefined) await settleShifted(parts, record, { shift, user, pid: monitored.init.pid }, signal);
  await parts.seccompFilters.learn(runtime, built, id);

  await traced('container.save', () =>
    container.change({ kind: 'made', ...monitored, resources: config.resources, user }),
  );
  parts.exits.add(container);
  undo.commit();
  reach('create:saved');
  // An init that was killed meanwhile has written its exit file before anyone watched.
  if (monitored.init.start === '0') settleLater(parts, container);
  parts.log.info({ container: id, pod: pod.record.id, name: config.name, image: config.image }, 'container created');
  return id;
}

function requireImage(parts: CreateParts, config: ContainerConfig): Image {
  const image = parts.images.find(config.image);
  if (image === undefined) throw fail('not_found', `image ${JSON.stringify(config.image)} is not here; pull it first`);
  if (image.artifactType !== '')
    throw fail(
      'invalid_argument',
      `image ${JSON.stringify(config.image)} is an artifact (${image.artifactType}): nothing runs from it; mount it as a volume`,
    );
  return image;
}

function planContainer(parts: CreateParts, pod: Pod, config: ContainerConfig, image: Image): ContainerRecord {
  const id = newContainerId();
  const handler = pod.record.handler;
  runtimeOf(parts, handler);
  parts.cgroups.check(pod.record.cgroup as CgroupPath, cgroupResources(config.resources));
  return {
    id,
    podId: pod.record.id,
    config,
    imageId: image.id,
    imageRef: image.repoDigests[0] ?? image.id,
    ...imagesOfVolumes(parts, config),
    handler,
    createdAt: nowNanos(),
    cgroup: parts.cgroups.container(pod.record.cgroup as CgroupPath, id),
    stopSignal: signalNumber(config.stopSignal || image.config.stopSignal),
    bootId: parts.bootId,
  };
}

async function addOrRelease(parts: CreateParts, record: ContainerRecord): Promise<Container> {
  try {
    for (const held of [record.imageId, ...record.volumeImages]) parts.images.hold(held, record.id);
    return await parts.store.addContainer(record);
  } catch (error) {
    parts.images.release(record.id);
    throw error;
  }
}

async function monitor(parts: CreateParts, record: ContainerRecord, signal: AbortSignal): Promise<Monitored> {
  const { config, id } = record;
  const request = {
    id,
    name: config.name,
    program: [...config.command, ...config.args][0] ?? "the image's own",
    conmon: parts.settings.conmon,
    runtime: runtimeOf(parts, record.handler),
    bundle: parts.paths.container(id).bundle,
    cgroup: record.cgroup as CgroupPath,
    exits: parts.paths.exits,
    logPath: config.logPath,
    logSizeMax: parts.settings.logSizeMax,
    terminal: config.tty,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
  };
  return createMonitored(parts.watcher, request, signal);
}
