import { ContainerState, MountPropagation } from '../../../../api/cri/v1/api.ts';
import type { Container as WireContainer, ContainerStatus, ImageSpec, Mount } from '../../../../api/cri/v1/api.ts';
import type { ContainerMount, ContainerRecord } from '../../../sandbox/container/record.ts';
import type { ContainerState as State } from '../../../sandbox/container/state.ts';
import type { ContainerFacts } from '../../../sandbox/store/store.ts';
import { encodeResources } from './resources.ts';
import { encodeSignal } from './signal.ts';
import { encodeMaps } from './users.ts';

const propagations = {
  private: MountPropagation.PROPAGATION_PRIVATE,
  rslave: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  rshared: MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;
const wireState: Readonly<Record<State['kind'], ContainerState>> = {
  creating: ContainerState.CONTAINER_CREATED,
  created: ContainerState.CONTAINER_CREATED,
  starting: ContainerState.CONTAINER_CREATED,
  running: ContainerState.CONTAINER_RUNNING,
  exited: ContainerState.CONTAINER_EXITED,
  removing: ContainerState.CONTAINER_EXITED,
  broken: ContainerState.CONTAINER_UNKNOWN,
};

export function encodeContainerState(container: ContainerFacts): ContainerState {
  return wireState[container.state.kind];
}

export function encodeContainer(container: ContainerFacts): WireContainer {
  const { id, podId, config, imageId, imageRef, createdAt } = container.record;
  return {
    id,
    podSandboxId: podId,
    metadata: { name: config.name, attempt: config.attempt },
    image: encodeImageSpec(container.record),
    imageRef,
    state: encodeContainerState(container),
    createdAt,
    labels: config.labels,
    annotations: config.annotations,
    imageId,
  };
}

export function encodeContainerStatus(container: ContainerFacts): ContainerStatus {
  const { record, state } = container;
  const { config } = record;
  const { user, resources } = 'user' in state ? state : { user: undefined, resources: undefined };
  return {
    ...encodeContainer(container),
    ...encodeTimes(state),
    mounts: config.mounts.map((mount) => encodeMount(mount, record)),
    logPath: config.logPath,
    resources: resources === undefined ? undefined : { linux: encodeResources(resources), windows: undefined },
    user:
      user === undefined
        ? undefined
        : {
            linux: {
              uid: BigInt(user.uid),
              gid: BigInt(user.gid),
              // The primary group first, as the kernel lists them.
              supplementalGroups: [...new Set([user.gid, ...user.additionalGids])].map(BigInt),
            },
          },
    stopSignal: encodeSignal(record.stopSignal),
  };
}

type Times = Pick<ContainerStatus, 'startedAt' | 'finishedAt' | 'exitCode' | 'reason' | 'message'>;

function encodeTimes(state: State): Times {
  const none = { startedAt: 0n, finishedAt: 0n, exitCode: 0, reason: '', message: '' };
  switch (state.kind) {
    case 'running':
      return { ...none, startedAt: state.startedAt };
    case 'exited':
      return {
        startedAt: state.startedAt,
        finishedAt: state.finishedAt,
        exitCode: state.code,
        reason: state.reason,
        message: state.message,
      };
    case 'broken':
      return { ...none, reason: 'Broken', message: state.reason };
    default:
      return none;
  }
}

function encodeImageSpec({ config }: ContainerRecord): ImageSpec {
  return {
    image: config.image,
    annotations: config.imageAnnotations,
    userSpecifiedImage: config.userSpecifiedImage,
    runtimeHandler: config.imageHandler,
    imageRef: '',
  };
}

/** With the digest that the pod's status is to tell (KEP-5365). */
function encodeVolumeImage({ image }: ContainerMount, { volumeRefs }: ContainerRecord): ImageSpec | undefined {
  if (image === undefined) return undefined;
  const imageRef = volumeRefs[image.name] ?? '';
  const { name, annotations, userSpecified: userSpecifiedImage, handler: runtimeHandler } = image;
  return { image: name, imageRef, annotations, userSpecifiedImage, runtimeHandler };
}

function encodeMount(mount: ContainerMount, record: ContainerRecord): Mount {
  const { uids, gids } = encodeMaps(mount.users);
  return {
    containerPath: mount.containerPath,
    hostPath: mount.hostPath,
    readonly: mount.readonly,
    selinuxRelabel: mount.selinuxRelabel,
    propagation: propagations[mount.propagation],
    uidMappings: uids,
    gidMappings: gids,
    recursiveReadOnly: mount.recursiveReadonly,
    image: encodeVolumeImage(mount, record),
    imageSubPath: mount.image?.subPath ?? '',
    mountOptions: mount.options,
  };
}
