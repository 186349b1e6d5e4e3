import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Image } from '../../image/service.ts';
import { isLive } from '../../sandbox/container/state.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { isReady } from '../../sandbox/pod/state.ts';
import type { Container, Pod } from '../../sandbox/store/store.ts';
import { containerInfo, podInfo } from '../runtime/encode/info.ts';
import { findNamed, objectKinds } from './named-object.ts';
import type { ObjectKind } from './named-object.ts';
import { plain, timeText } from './plain.ts';
import type { Verb } from './verb.ts';

export const inspectPath = '/v1/inspect';

type InspectParts = Pick<Parts, 'cgroups' | 'host' | 'images' | 'network' | 'oomScore' | 'paths' | 'store'>;

/** GET /v1/inspect?object=NAME&kind=pod|container|image : all that is known of one object. */
export function inspectVerb(parts: InspectParts): Verb {
  return {
    method: 'GET',
    path: inspectPath,
    async run({ query }) {
      const found = findNamed(parts, query.get('object') ?? '', kindsOf(query.get('kind')));
      switch (found.kind) {
        case 'pod':
          return plain(podFacts(parts, found.pod));
        case 'container':
          return plain(await containerFacts(parts, found.container));
        case 'image':
          return plain(await imageFacts(parts, found.image));
        case 'unreadable':
          return plain({ ...found.unreadable, state: 'unreadable' });
      }
    },
  };
}

/** Errors: `invalid_argument` for another kind. */
export function kindsOf(text: string | null): readonly ObjectKind[] {
  if (text === null || text === '') return objectKinds;
  const kind = objectKinds.find((each) => each === text);
  if (kind === undefined)
    throw fail('invalid_argument', `kind ${JSON.stringify(text)}: one of ${objectKinds.join(', ')}`);
  return [kind];
}

function podFacts({ store, network }: InspectParts, pod: Pod): object {
  const { record, state } = pod;
  const { id, config, createdAt } = record;
  const containers = [...store.containers.values()].filter((container) => container.record.podId === id);
  return {
    kind: 'pod',
    id,
    ...{ name: config.name, namespace: config.namespace, uid: config.uid, attempt: config.attempt },
    createdAt: timeText(createdAt),
    ips: isReady(state) ? state.ips : [],
    reason: state.kind === 'broken' ? state.reason : '',
    ...{ labels: config.labels, annotations: config.annotations },
    containers: containers.map(({ record: each, state: its }) => ({
      ...{ id: each.id, name: each.config.name, attempt: each.config.attempt, state: its.kind },
    })),
    ...parsed(podInfo(pod, network.describe(id))),
  };
}

async function containerFacts(parts: InspectParts, container: Container): Promise<object> {
  const { record, state } = container;
  const { id, podId, config, imageId, imageRef, createdAt } = record;
  const pod = parts.store.pods.get(podId)?.record.config;
  return {
    kind: 'container',
    id,
    ...{ name: config.name, attempt: config.attempt },
    ...{ pod: pod?.name ?? '', namespace: pod?.namespace ?? '', podId },
    image: { name: config.userSpecifiedImage || config.image, id: imageId, reference: imageRef },
    createdAt: timeText(createdAt),
    ...timesOf(state),
    paused: isLive(state) && parts.cgroups.frozen(record.cgroup as CgroupPath),
    ...{ labels: config.labels, annotations: config.annotations, logPath: config.logPath },
    resources: 'resources' in state ? state.resources : config.resources,
    ...parsed(await containerInfo(parts, container)),
  };
}

function timesOf(state: Container['state']): object {
  if (state.kind === 'running') return { startedAt: timeText(state.startedAt) };
  if (state.kind === 'broken') return { reason: state.reason };
  if (state.kind !== 'exited') return {};
  const { code, reason, message } = state;
  const times = { startedAt: timeText(state.startedAt), finishedAt: timeText(state.finishedAt) };
  return { ...times, exitCode: code, reason, message };
}

async function imageFacts({ images, store }: InspectParts, image: Image): Promise<object> {
  const { id, repoTags, repoDigests, size, pinned, created, layers } = image;
  const users = [...store.containers.values()].filter(({ record }) => record.imageId === id);
  return {
    ...{ kind: 'image', id, tags: repoTags, digests: repoDigests, bytes: size, pinned, createdAt: created },
    usedBy: users.map(({ record }) => record.id),
    layers: layers.map(({ diffId, path }) => ({ diffId, path })),
    config: JSON.parse(await images.rawConfig(id)) as unknown,
  };
}

/** The value of a verbose answer is itself a JSON text. */
const parsed = (info: Readonly<Record<string, string>>): object => JSON.parse(info['info'] ?? '{}') as object;
