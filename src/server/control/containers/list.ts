import { z } from 'zod';
import { chooseCommand } from '../../../sandbox/oci/spec/command.ts';
import { portMapping } from '../../../sandbox/pod/record.ts';
import { isReady } from '../../../sandbox/pod/state.ts';
import { isLive } from '../../../sandbox/container/state.ts';
import type { CgroupPath } from '../../../cgroups/path.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Container } from '../../../sandbox/store/store.ts';
import type { Verb } from '../verb.ts';

export const listContainersPath = '/v1/containers';

const listed = z.object({
  ...{ id: z.string(), name: z.string(), pod: z.string(), namespace: z.string(), podId: z.string() },
  /** Made by `cricket run`; all others are CRI's. */
  standalone: z.boolean(),
  image: z.string(),
  command: z.array(z.string()),
  state: z.string(),
  paused: z.boolean(),
  /** Of one that has ended. */
  exitCode: z.number().nullable(),
  reason: z.string(),
  /** Milliseconds since 1970; 0: not yet. */
  ...{ createdAt: z.number(), startedAt: z.number(), finishedAt: z.number() },
  ips: z.array(z.string()),
  ports: z.array(portMapping),
  labels: z.record(z.string(), z.string()),
});
export const listContainersAnswer = z.array(listed);
export type ListedContainer = z.output<typeof listed>;

type ListParts = Pick<Parts, 'cgroups' | 'images' | 'store'>;

/** GET /v1/containers?all=1 : containers that run, or all, CRI's too, the newest first. */
export function listContainersVerb(parts: ListParts): Verb {
  return {
    method: 'GET',
    path: listContainersPath,
    async run({ query }): Promise<readonly ListedContainer[]> {
      return [...parts.store.containers.values()]
        .filter(({ state }) => state.kind !== 'creating' && (query.has('all') || isLive(state)))
        .sort((a, b) => (a.record.createdAt > b.record.createdAt ? -1 : 1))
        .map((container) => toldOf(parts, container));
    },
  };
}

function toldOf(parts: ListParts, { record, state }: Container): ListedContainer {
  const pod = parts.store.pods.get(record.podId);
  const of = pod?.record.config;
  const ready = pod !== undefined && isReady(pod.state);
  const exited = state.kind === 'exited' ? state : undefined;
  return {
    ...{ id: record.id, name: record.config.name, podId: record.podId },
    ...{ pod: of?.name ?? '', namespace: of?.namespace ?? '', standalone: of?.standalone !== undefined },
    image: record.config.userSpecifiedImage || record.config.image,
    command: [...commandOf(parts, record)],
    state: state.kind,
    paused: isLive(state) && parts.cgroups.frozen(record.cgroup as CgroupPath),
    ...{ exitCode: exited?.code ?? null, reason: exited?.reason ?? '' },
    createdAt: milliseconds(record.createdAt),
    startedAt: 'startedAt' in state ? milliseconds(state.startedAt) : 0,
    finishedAt: milliseconds(exited?.finishedAt ?? 0n),
    ips: ready && isReady(pod.state) ? [...pod.state.ips] : [],
    ports: ready ? pod.record.config.ports : [],
    labels: record.config.labels,
  };
}

/** What it ran, by its image as that is now; nothing where that is gone. */
function commandOf({ images }: ListParts, { id, imageId, config }: Container['record']): readonly string[] {
  try {
    return chooseCommand(id, { ...images.get(imageId).config, command: config.command, args: config.args });
  } catch {
    return [...config.command, ...config.args];
  }
}

const milliseconds = (nanos: bigint): number => Number(nanos / 1_000_000n);
