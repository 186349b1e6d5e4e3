import { fail } from '../../base/errors.ts';
import type { ContainerId, PodId } from '../../base/ids.ts';
import type { Container, Pod, Store } from './store.ts';
import type { Unreadable } from './unreadable.ts';

type Known = Pick<Store, 'pods' | 'containers' | 'unreadable'>;

/** A pod by id or unique prefix, as crictl users type it. Undefined: no such pod. Intents are not found. */
export function findPod(store: Known, text: string): Pod | undefined {
  const visible = (pod: Pod | undefined) => (pod?.state.kind === 'creating' ? undefined : pod);
  return visible(store.pods.get(text as PodId)) ?? unique(store.pods, text, 'pod sandbox', visible);
}

/** A container by id or unique prefix. */
export function findContainer(store: Known, text: string): Container | undefined {
  const visible = (container: Container | undefined) => (container?.state.kind === 'creating' ? undefined : container);
  return visible(store.containers.get(text as ContainerId)) ?? unique(store.containers, text, 'container', visible);
}

/** An object whose record cannot be read, by id or unique prefix. */
export function findUnreadable(store: Known, kind: Unreadable['kind'], text: string): Unreadable | undefined {
  const visible = (object: Unreadable | undefined) => (object?.kind === kind ? object : undefined);
  return visible(store.unreadable.get(text)) ?? unique(store.unreadable, text, kind, visible);
}

/** Errors: `not_found` with what was asked. */
export function requirePod(store: Known, text: string): Pod {
  const pod = findPod(store, text);
  if (pod === undefined) throw fail('not_found', `pod sandbox ${shown(text)} not found`);
  return pod;
}

export function requireContainer(store: Known, text: string): Container {
  const container = findContainer(store, text);
  if (container === undefined) throw fail('not_found', `container ${shown(text)} not found`);
  return container;
}

function unique<T>(
  all: ReadonlyMap<string, T>,
  prefix: string,
  what: string,
  visible: (value: T | undefined) => T | undefined,
): T | undefined {
  if (prefix === '') throw fail('invalid_argument', `${what} id is empty`);
  if (!/^[0-9a-f]{1,64}$/.test(prefix)) return undefined;
  const matches: [string, T][] = [];
  for (const [id, value] of all) if (id.startsWith(prefix) && visible(value) !== undefined) matches.push([id, value]);
  if (matches.length > 1)
    throw fail(
      'invalid_argument',
      `${what} id ${prefix} is ambiguous: ${matches
        .slice(0, 3)
        .map(([id]) => id.slice(0, prefix.length + 6))
        .join(', ')}`,
    );
  return matches[0]?.[1];
}

const shown = (text: string) => JSON.stringify(text.length > 70 ? `${text.slice(0, 70)}…` : text);
