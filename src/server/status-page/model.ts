import { hostname } from 'node:os';
import type { CricketEvent } from '../../sandbox/events/event.ts';
import type { EventLog } from '../../sandbox/events/event-log.ts';
import type { OomTallies } from '../../sandbox/events/oom-counts.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { isReady } from '../../sandbox/pod/state.ts';
import type { Config } from '../config/schema.ts';
import { nodeInfo } from '../control/info.ts';
import type { InfoAnswer } from '../control/info.ts';
import type { TopParts } from '../control/top.ts';
import type { Readiness } from '../readiness.ts';
import type { History, Measured } from './history.ts';

export type StatusParts = Parts &
  TopParts &
  Readiness & { readonly events: EventLog; readonly oomTallies: OomTallies; readonly version: string };

/** All that the page shows, at one moment. */
export interface StatusModel {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly node: string;
  readonly info: InfoAnswer;
  readonly problems: readonly string[];
  readonly pods: readonly PodModel[];
  /** In all; each restart and each container that is gone included. */
  readonly oomKills: number;
  /** The newest first. */
  readonly ooms: readonly CricketEvent[];
  readonly events: readonly CricketEvent[];
  /** Objects whose record cannot be read. */
  readonly unreadable: readonly { readonly kind: string; readonly id: string; readonly reason: string }[];
}

export interface PodModel {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly ready: boolean;
  readonly ips: readonly string[];
  readonly containers: readonly Measured[];
}

const shownEvents = 25;
const shownOoms = 10;

export async function statusModel(
  parts: StatusParts,
  config: Config,
  history: History,
  signal: AbortSignal,
): Promise<StatusModel> {
  const now = Date.now();
  const [info, problems, measured] = await Promise.all([
    nodeInfo(parts, config, signal),
    parts.problems(),
    history.look(now, signal),
  ]);
  const newest = parts.events.recent().toReversed();
  return {
    ...{ now, node: hostname(), info, problems, pods: podsOf(parts, measured) },
    oomKills: [...parts.oomTallies.all()].reduce((sum, { kills }) => sum + kills, 0),
    ooms: newest.filter(({ action }) => action === 'oom').slice(0, shownOoms),
    events: newest.slice(0, shownEvents),
    unreadable: [...parts.store.unreadable.values()],
  };
}

/** By name, those of a pod together. */
function podsOf({ store }: StatusParts, measured: readonly Measured[]): readonly PodModel[] {
  const byPod = Map.groupBy(measured, ({ row }) => row.podId);
  const known = [...store.pods.values()].filter(({ state }) => state.kind !== 'creating');
  const pods = known.map(({ record, state }): PodModel => {
    const containers = byPod.get(record.id) ?? [];
    const { namespace, name } = record.config;
    return {
      ...{ id: record.id, namespace, name, ready: isReady(state), ips: isReady(state) ? state.ips : [] },
      containers: containers.toSorted((a, b) => order(a.row.name, b.row.name)),
    };
  });
  return pods.sort((a, b) => order(a.namespace, b.namespace) || order(a.name, b.name) || order(a.id, b.id));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
