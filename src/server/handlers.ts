import type { ArchivePool } from '../sandbox/container/archive.ts';
import type { OomEnds } from '../sandbox/container/exit.ts';
import type { ExitWatch } from '../sandbox/container/exit-watch.ts';
import type { EventLog } from '../sandbox/events/event-log.ts';
import type { Feed } from '../sandbox/events/feed.ts';
import type { LifeEvent } from '../sandbox/events/life.ts';
import type { OomTallies } from '../sandbox/events/oom-counts.ts';
import type { Parts } from '../sandbox/parts.ts';
import type { Sampler } from '../sandbox/stats/sampler.ts';
import type { ImageHandlers, RuntimeHandlers } from './grpc/handlers.ts';
import { imageFsInfo } from './image/image-fs-info.ts';
import { imageStatus } from './image/image-status.ts';
import { listImages } from './image/list-images.ts';
import { pullImage } from './image/pull-image.ts';
import type { PullRules } from './image/pull-image.ts';
import { removeImage } from './image/remove-image.ts';
import { streamImages } from './image/stream-images.ts';
import { attach } from './runtime/attach.ts';
import { checkpointContainer } from './runtime/checkpoint-container.ts';
import { checkpointPod } from './runtime/checkpoint-pod.ts';
import { containerStats } from './runtime/container-stats.ts';
import { containerStatus } from './runtime/container-status.ts';
import { createContainer } from './runtime/create-container.ts';
import { execSync } from './runtime/exec-sync.ts';
import { exec } from './runtime/exec.ts';
import { getContainerEvents } from './runtime/get-container-events.ts';
import { listContainerStats } from './runtime/list-container-stats.ts';
import { listContainers } from './runtime/list-containers.ts';
import { listMetricDescriptors } from './runtime/list-metric-descriptors.ts';
import { listPodSandboxMetrics } from './runtime/list-pod-sandbox-metrics.ts';
import { listPodSandboxStats } from './runtime/list-pod-sandbox-stats.ts';
import { listPodSandbox } from './runtime/list-pod-sandbox.ts';
import { podSandboxStats } from './runtime/pod-sandbox-stats.ts';
import { podSandboxStatus } from './runtime/pod-sandbox-status.ts';
import { portForward } from './runtime/port-forward.ts';
import { removeContainer } from './runtime/remove-container.ts';
import { removePodSandbox } from './runtime/remove-pod-sandbox.ts';
import { reopenContainerLog } from './runtime/reopen-container-log.ts';
import { restorePod } from './runtime/restore-pod.ts';
import { runPodSandbox } from './runtime/run-pod-sandbox.ts';
import { runtimeConfig } from './runtime/runtime-config.ts';
import { startContainer } from './runtime/start-container.ts';
import { status } from './runtime/status.ts';
import { stopContainer } from './runtime/stop-container.ts';
import { stopPodSandbox } from './runtime/stop-pod-sandbox.ts';
import { streamContainerStats } from './runtime/stream-container-stats.ts';
import { streamContainers } from './runtime/stream-containers.ts';
import { streamPodSandboxMetrics } from './runtime/stream-pod-sandbox-metrics.ts';
import { streamPodSandboxStats } from './runtime/stream-pod-sandbox-stats.ts';
import { streamPodSandboxes } from './runtime/stream-pod-sandboxes.ts';
import { updateContainerResources } from './runtime/update-container-resources.ts';
import { updatePodSandboxResources } from './runtime/update-pod-sandbox-resources.ts';
import { updateRuntimeConfig } from './runtime/update-runtime-config.ts';
import { version } from './runtime/version.ts';
import type { Streaming } from './streaming/server.ts';

export type HandlerParts = Parts & {
  readonly exits: ExitWatch;
  readonly oomEnds: OomEnds;
  /** Reads and writes containers' files. */
  readonly archives: ArchivePool;
  readonly sampler: Sampler;
  /** The root directory: the mount point that writable layers are said to be on. */
  readonly root: string;
  readonly oomTallies: OomTallies;
  readonly lives: Feed<LifeEvent>;
  readonly events: EventLog;
  /** Of this Cricket. */
  readonly version: string;
};

/** Every RPC of RuntimeService. One that is left out does not compile. */
export function runtimeHandlers(parts: HandlerParts, streaming: Pick<Streaming, 'issue'>): RuntimeHandlers {
  const { store } = parts;
  return {
    version: version(parts.version),
    runPodSandbox: runPodSandbox(parts),
    stopPodSandbox: stopPodSandbox(parts),
    removePodSandbox: removePodSandbox(parts),
    podSandboxStatus: podSandboxStatus(parts),
    listPodSandbox: listPodSandbox(store),
    streamPodSandboxes: streamPodSandboxes(store),
    createContainer: createContainer(parts),
    startContainer: startContainer(parts),
    stopContainer: stopContainer(parts),
    removeContainer: removeContainer(parts),
    listContainers: listContainers(store),
    streamContainers: streamContainers(store),
    containerStatus: containerStatus(parts),
    updateContainerResources: updateContainerResources(parts),
    reopenContainerLog: reopenContainerLog(parts),
    execSync: execSync(parts),
    exec: exec(store, streaming),
    attach: attach(store, streaming),
    portForward: portForward(store, streaming),
    containerStats: containerStats(parts),
    listContainerStats: listContainerStats(parts),
    streamContainerStats: streamContainerStats(parts),
    podSandboxStats: podSandboxStats(parts),
    listPodSandboxStats: listPodSandboxStats(parts),
    streamPodSandboxStats: streamPodSandboxStats(parts),
    updateRuntimeConfig: updateRuntimeConfig(parts.network),
    status: status(parts),
    checkpointContainer,
    checkpointPod,
    restorePod,
    getContainerEvents: getContainerEvents(parts.lives, store),
    listMetricDescriptors,
    listPodSandboxMetrics: listPodSandboxMetrics(parts),
    streamPodSandboxMetrics: streamPodSandboxMetrics(parts),
    runtimeConfig: runtimeConfig(parts.cgroups),
    updatePodSandboxResources: updatePodSandboxResources(parts),
  };
}

/** Every RPC of ImageService. */
export function imageHandlers(
  parts: Pick<HandlerParts, 'images' | 'paths' | 'runtimes'>,
  rules: PullRules,
): ImageHandlers {
  const { images, runtimes } = parts;
  return {
    listImages: listImages(images, runtimes),
    streamImages: streamImages(images, runtimes),
    imageStatus: imageStatus(images, runtimes),
    pullImage: pullImage(images, runtimes, rules),
    removeImage: removeImage(images, runtimes),
    imageFsInfo: imageFsInfo(parts),
  };
}
