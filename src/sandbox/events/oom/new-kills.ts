import type { CgroupPath } from '../../../cgroups/path.ts';
import type { Parts } from '../../parts.ts';
import type { Container } from '../../store/store.ts';
import type { CricketEvent } from '../event.ts';
import type { OomKill } from './kill.ts';
import type { Ledger } from './ledger.ts';

export type CountParts = Pick<Parts, 'cgroups' | 'store'>;

export interface Counted {
  readonly container: Container;
  /** 0 where it is not known. */
  readonly initPid: number;
  readonly ledger: Ledger;
}

/** Reads the counters of one container: what is new in them. Errors: what reading a cgroup's file says. */
export function newKills(
  { cgroups, store }: CountParts,
  { container, initPid, ledger }: Counted,
  early: boolean,
): OomKill[] {
  const { record, state } = container;
  const cgroup = record.cgroup as CgroupPath;
  ledger.look(cgroups.oomKillsByCgroup(cgroup));
  const cells = [...ledger.fresh()];
  if (cells.length === 0) return [];
  const pod = store.pods.get(record.podId);
  const memory = cgroups.read(cgroup)?.memory;
  const limitless = pod !== undefined && memory?.limit === undefined;
  const podMemory = limitless ? cgroups.read(pod.record.cgroup as CgroupPath)?.memory : undefined;
  const podFacts = pod && { record: pod.record, state: pod.state };
  const kill = { container: { record, state }, pod: podFacts, initPid, memory, podMemory, early };
  return cells.map((cell) => ({ ...kill, cell }));
}

/** `namespace/pod/container`. */
export const nameOf = ({ pod, container }: Pick<CricketEvent, 'pod' | 'container'>) =>
  [pod?.namespace, pod?.name, container?.name].join('/');

/** By name: how many kills the journal tells of. A crash may come between it and the file of the counts. */
export function journaledKills(recent: readonly CricketEvent[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const event of recent)
    if (event.action === 'oom')
      found.set(nameOf(event), Math.max(found.get(nameOf(event)) ?? 0, Number(event.attributes['kills'])));
  return found;
}
