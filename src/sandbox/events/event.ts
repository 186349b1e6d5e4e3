import { z } from 'zod';
import type { ContainerFacts, PodFacts } from '../store/store.ts';

const event = z.object({
  /** Rises by one with each event, over restarts of the daemon too. */
  seq: z.number(),
  /** ISO 8601 in UTC, to the microsecond: text order is the order of time. */
  time: z.string(),
  type: z.enum(['container', 'pod', 'image', 'daemon', 'node']),
  action: z.enum([
    ...['create', 'start', 'die', 'oom', 'stop', 'remove', 'exec', 'kill', 'pause', 'unpause'],
    ...['pull', 'import', 'commit', 'reconcile'],
  ] as const),
  pod: z.object({ id: z.string(), namespace: z.string(), name: z.string() }).optional(),
  container: z.object({ id: z.string(), name: z.string() }).optional(),
  image: z.string().optional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

/** Something that happened on this node, as the journal keeps it and `cricket events` tells it. */
export type CricketEvent = Readonly<z.infer<typeof event>>;
export type NewEvent = Omit<CricketEvent, 'seq' | 'time'>;
export type EventAttributes = CricketEvent['attributes'];
export const eventTypes = event.shape.type.options;

/** A line of the journal. Undefined: torn by a crash or a full disk, or of a version to come. */
export function parseEvent(line: string): CricketEvent | undefined {
  try {
    return event.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Who it was about; names can be as long as whoever made the pod liked. */
export function aboutPod({ record }: PodFacts): Pick<NewEvent, 'pod'> {
  const { namespace, name } = record.config;
  return { pod: { id: record.id, namespace, name } };
}

/** With its pod, if that can be read. */
export function aboutContainer({ record }: ContainerFacts, pod: PodFacts | undefined): Partial<NewEvent> {
  const { id, config } = record;
  return {
    ...(pod === undefined ? {} : aboutPod(pod)),
    container: { id, name: config.name },
    image: config.userSpecifiedImage || config.image,
  };
}

/** `2026-11-21T13:20:58.123456Z` of nanoseconds since 1970. */
export function isoTime(nanos: bigint): string {
  const micros = nanos / 1000n;
  const whole = new Date(Number(micros / 1000n)).toISOString();
  return `${whole.slice(0, -1)}${String(micros % 1000n).padStart(3, '0')}Z`;
}
