import { ContainerState, PodSandboxState, Signal } from '../../../../api/cri/v1/api.ts';
import type {
  Container as WireContainer,
  ContainerStatus,
  PodSandbox,
  PodSandboxStatus,
} from '../../../../api/cri/v1/api.ts';
import type { Store } from '../../../sandbox/store/store.ts';
import type { Unreadable } from '../../../sandbox/store/unreadable.ts';

/** Objects whose record cannot be read: shown, so that they can be stopped and removed. */

/** The field has no zero times; when it was made is not known. */
const createdAt = 1n;

export const unreadablePods = (store: Store): readonly Unreadable[] =>
  [...store.unreadable.values()].filter(({ kind }) => kind === 'pod');

/** Those of a pod, as far as that is known; `''`: all. */
export const unreadableContainers = (store: Store, podId: string): readonly Unreadable[] =>
  [...store.unreadable.values()].filter(
    ({ kind, hints }) => kind === 'container' && (podId === '' || hints.podId === podId),
  );

export function encodeUnreadablePod({ id, hints }: Unreadable): PodSandbox {
  return {
    id,
    metadata: {
      name: nameOf(id, hints.name),
      uid: hints.uid || id,
      namespace: hints.namespace || 'cricket',
      attempt: hints.attempt,
    },
    state: PodSandboxState.SANDBOX_NOTREADY,
    createdAt,
    labels: hints.labels,
    annotations: hints.annotations,
    runtimeHandler: '',
  };
}

export function encodeUnreadablePodStatus(object: Unreadable): PodSandboxStatus {
  return { ...encodeUnreadablePod(object), network: undefined, linux: undefined };
}

export function encodeUnreadableContainer({ id, hints }: Unreadable): WireContainer {
  return {
    id,
    podSandboxId: hints.podId,
    metadata: { name: nameOf(id, hints.name), attempt: hints.attempt },
    image: { image: hints.imageId, annotations: {}, userSpecifiedImage: '', runtimeHandler: '', imageRef: '' },
    imageRef: hints.imageId,
    state: ContainerState.CONTAINER_UNKNOWN,
    createdAt,
    labels: hints.labels,
    annotations: hints.annotations,
    imageId: hints.imageId,
  };
}

export function encodeUnreadableContainerStatus(object: Unreadable): ContainerStatus {
  return {
    ...encodeUnreadableContainer(object),
    ...{ startedAt: 0n, finishedAt: 0n, exitCode: 0, reason: 'RecordUnreadable', message: object.reason },
    ...{ mounts: [], logPath: object.hints.logPath, resources: undefined, user: undefined },
    stopSignal: Signal.SIGNAL_RUNTIME_DEFAULT,
  };
}

const nameOf = (id: string, name: string): string => name || `unreadable-${id.slice(0, 13)}`;
