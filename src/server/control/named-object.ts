import { fail } from '../../base/errors.ts';
import { podTitle } from '../../sandbox/pod/record.ts';
import { isReady } from '../../sandbox/pod/state.ts';
import { containerTitle } from '../../sandbox/container/record.ts';
import { isLive } from '../../sandbox/container/state.ts';
import type { Image, Images } from '../../image/service.ts';
import type { Container, Pod, Store } from '../../sandbox/store/store.ts';
import type { Unreadable } from '../../sandbox/store/unreadable.ts';

export type NamedObject =
  | { readonly kind: 'pod'; readonly pod: Pod }
  | { readonly kind: 'container'; readonly container: Container }
  | { readonly kind: 'image'; readonly image: Image }
  | { readonly kind: 'unreadable'; readonly unreadable: Unreadable };

export const objectKinds = ['pod', 'container', 'image'] as const;
export type ObjectKind = (typeof objectKinds)[number];

export interface KnownObjects {
  readonly store: Pick<Store, 'pods' | 'containers' | 'unreadable'>;
  readonly images: Pick<Images, 'find'>;
}

interface Candidate {
  readonly kind: ObjectKind;
  readonly id: string;
  readonly names: readonly string[];
  /** Equal for the attempts at one and the same thing. */
  readonly identity: string;
  readonly live: boolean;
  readonly createdAt: bigint;
  readonly title: string;
  readonly object: NamedObject;
}

/**
 * What a person means by a word: an id, a name (`web`, `shop/web`, `pod/container`, `namespace/pod/container`), or
 * the beginning of an id. A name that several kinds have means the first of `kinds`; of several attempts at one thing
 * the one that runs, else the newest. Errors: `not_found`, `invalid_argument` where it could be more than one.
 */
export function findNamed(known: KnownObjects, text: string, kinds: readonly ObjectKind[]): NamedObject {
  if (text === '') throw fail('invalid_argument', 'the name is empty; give a name or the beginning of an id');
  const candidates = candidatesOf(known.store).filter(({ kind }) => kinds.includes(kind));
  const exact = candidates.find(({ id }) => id === text);
  if (exact !== undefined) return exact.object;
  for (const kind of kinds) {
    const found = candidates.filter((each) => each.kind === kind && each.names.includes(text));
    if (found.length > 0) return choose(found, text);
  }
  const image = kinds.includes('image') && looksLikeTag(text) ? known.images.find(text) : undefined;
  if (image !== undefined) return { kind: 'image', image };
  const begun = /^[0-9a-f]+$/.test(text) ? candidates.filter(({ id }) => id.startsWith(text)) : [];
  if (begun.length > 1) throw ambiguous(begun, text);
  const only = begun[0]?.object ?? imageById(known, text, kinds);
  if (only !== undefined) return only;
  const what = kinds.length > 1 ? `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1) ?? ''}` : (kinds[0] ?? '');
  throw fail('not_found', `no ${what} has the name or id ${shown(text)}; cricket top --all lists what there is`);
}

/** An id of bare hex digits may be that of a pod or container as well. */
const looksLikeTag = (text: string): boolean => !/^[0-9a-f]+$/.test(text);

function imageById({ images }: KnownObjects, text: string, kinds: readonly ObjectKind[]): NamedObject | undefined {
  const image = kinds.includes('image') ? images.find(text) : undefined;
  return image === undefined ? undefined : { kind: 'image', image };
}

function choose(found: readonly Candidate[], text: string): NamedObject {
  const live = found.filter((candidate) => candidate.live);
  const rest = live.length > 0 ? live : found;
  if (new Set(rest.map(({ identity }) => identity)).size > 1) throw ambiguous(rest, text);
  const newest = rest.reduce((best, other) => (other.createdAt > best.createdAt ? other : best));
  return newest.object;
}

function ambiguous(found: readonly Candidate[], text: string): Error {
  const some = found.slice(0, 5).map(({ title }) => title);
  const more = found.length > some.length ? ` and ${found.length - some.length} more` : '';
  return fail('invalid_argument', `${shown(text)} could be ${some.join(', ')}${more}; say more of the name or id`);
}

function candidatesOf(store: KnownObjects['store']): readonly Candidate[] {
  const pods = [...store.pods.values()].filter(({ state }) => state.kind !== 'creating').map(podCandidate);
  const containers = [...store.containers.values()].filter(({ state }) => state.kind !== 'creating');
  const unreadable = [...store.unreadable.values()].map(unreadableCandidate);
  return [...pods, ...containers.map((container) => containerCandidate(store, container)), ...unreadable];
}

function podCandidate(pod: Pod): Candidate {
  const { id, config, createdAt } = pod.record;
  const full = `${config.namespace}/${config.name}`;
  return {
    ...{ kind: 'pod', id, createdAt, title: podTitle(pod.record) },
    // Of a container of `cricket run` the same name means the container.
    names: config.standalone === undefined ? [config.name, full] : [full],
    identity: `${full} ${config.uid}`,
    live: isReady(pod.state),
    object: { kind: 'pod', pod },
  };
}

function containerCandidate(store: KnownObjects['store'], container: Container): Candidate {
  const { record, state } = container;
  const { name } = record.config;
  const pod = store.pods.get(record.podId)?.record.config;
  const inPod = pod === undefined ? name : `${pod.name}/${name}`;
  const full = pod === undefined ? name : `${pod.namespace}/${inPod}`;
  return {
    ...{ kind: 'container', id: record.id, createdAt: record.createdAt, title: containerTitle(record) },
    names: [name, inPod, full],
    identity: `${full} ${pod?.uid ?? record.podId}`,
    live: isLive(state),
    object: { kind: 'container', container },
  };
}

function unreadableCandidate(unreadable: Unreadable): Candidate {
  const { kind, id } = unreadable;
  const title = `${kind} ${id.slice(0, 13)}, whose record cannot be read`;
  return {
    ...{ kind, id, title, names: [], identity: id, live: false, createdAt: 0n },
    object: { kind: 'unreadable', unreadable },
  };
}

const shown = (text: string) => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
