import { z } from 'zod';
import { errorFrom, fail } from '../../base/errors.ts';
import { removeContainer } from '../../sandbox/container/remove.ts';
import { isLive } from '../../sandbox/container/state.ts';
import { removePod } from '../../sandbox/pod/remove.ts';
import type { RemovePodParts } from '../../sandbox/pod/remove.ts';
import { isReady } from '../../sandbox/pod/state.ts';
import { isStandalone, madeAlone } from '../../sandbox/standalone/standalone.ts';
import { listVolumes, removeVolume } from '../../sandbox/standalone/volumes.ts';
import type { Verb } from './verb.ts';

export const prunePath = '/v1/prune';
export const pruneAnswer = z.object({
  removed: z.array(z.object({ kind: z.enum(['container', 'pod', 'volume']), id: z.string(), name: z.string() })),
  /** What could not be removed, and why. */
  kept: z.array(z.object({ id: z.string(), reason: z.string() })),
});
export type PruneAnswer = z.output<typeof pruneAnswer>;

interface Prunable {
  readonly kind: 'container' | 'pod' | 'volume';
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly remove: (signal: AbortSignal) => Promise<void>;
}

/**
 * POST /v1/prune?what=containers|pods|volumes&all=1&older=SECONDS&label=KEY[=VALUE]&dry=1. Containers of `cricket run` that have
 * ended, with `all` those of CRI too; sandboxes of CRI that are not ready and in which nothing runs; volumes that no
 * container mounts. What runs is never touched. `older`: ended, or of a pod made, longer ago; `label`: each of them; `dry`: only tells.
 */
export function pruneVerb(parts: RemovePodParts): Verb {
  return {
    method: 'POST',
    path: prunePath,
    async run({ query }, signal): Promise<PruneAnswer> {
      const before = Date.now() - 1000 * secondsOf(query.get('older') ?? '0');
      const labels = query.getAll('label').map((text) => text.split(/=(.*)/s, 2) as [string, string?]);
      const wanted = (await listOf(parts, query)).filter(
        (one) =>
          one.since <= before &&
          labels.every(
            ([key, value]) => Object.hasOwn(one.labels, key) && (value === undefined || one.labels[key] === value),
          ),
      );
      const told = ({ kind, id, name }: Prunable) => ({ kind, id, name });
      if (query.has('dry')) return { removed: wanted.map(told), kept: [] };
      const answer = {
        removed: new Array<PruneAnswer['removed'][number]>(),
        kept: new Array<PruneAnswer['kept'][number]>(),
      };
      for (const one of wanted) {
        try {
          await one.remove(signal);
          answer.removed.push(told(one));
        } catch (error) {
          signal.throwIfAborted();
          answer.kept.push({ id: one.id, reason: errorFrom(error).message });
        }
      }
      return answer;
    },
  };
}

async function listOf(parts: RemovePodParts, query: URLSearchParams): Promise<readonly Prunable[]> {
  const what = query.get('what');
  if (what === 'containers') return endedContainers(parts, query.has('all'));
  if (what === 'pods') return endedPods(parts);
  if (what === 'volumes') return unusedVolumes(parts);
  throw fail('invalid_argument', `prune ${JSON.stringify(what)}: one of containers, pods, volumes`);
}

function endedContainers(parts: RemovePodParts, all: boolean): readonly Prunable[] {
  const { store } = parts;
  return [...store.containers.values()].flatMap((container): Prunable[] => {
    const { record, state } = container;
    const alone = isStandalone(store, record.podId);
    if (state.kind !== 'exited' || (!alone && !all)) return [];
    const remove = async (signal: AbortSignal) => {
      const pod = store.pods.get(record.podId);
      if (alone && pod !== undefined) await removePod(parts, pod, signal);
      else await removeContainer(parts, container, signal);
    };
    const { name, labels } = record.config;
    return [{ kind: 'container', id: record.id, name, labels, since: Number(state.finishedAt / 1_000_000n), remove }];
  });
}

function endedPods(parts: RemovePodParts): readonly Prunable[] {
  const { store } = parts;
  return [...store.pods.values()]
    .filter((pod) => !madeAlone(pod) && !isReady(pod.state) && pod.state.kind !== 'creating')
    .filter(({ record }) => store.containersOf(record.id).every(({ state }) => !isLive(state)))
    .map((pod) => {
      const { id, config, createdAt } = pod.record;
      const name = `${config.namespace}/${config.name}`;
      const since = Number(createdAt / 1_000_000n);
      return { kind: 'pod', id, name, labels: config.labels, since, remove: async (s) => removePod(parts, pod, s) };
    });
}

async function unusedVolumes(parts: RemovePodParts): Promise<readonly Prunable[]> {
  const all = await listVolumes(parts);
  return all
    .filter(({ users }) => users.length === 0)
    .map(({ name, path, createdAt }) => {
      const remove = async (signal: AbortSignal) => removeVolume(parts, name, signal);
      return { kind: 'volume', id: name, name: path, labels: {}, since: createdAt, remove };
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text !== '' && Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw fail('invalid_argument', `older ${JSON.stringify(text)}: must be seconds`);
}
