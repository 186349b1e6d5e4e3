import type { CgroupPath } from '../../../cgroups/path.ts';
import type { Parts } from '../../parts.ts';
import type { Container } from '../../store/store.ts';
import type { CricketEvent } from '../event.ts';
import type { OomCounts } from '../oom-counts.ts';
import type { OomKill } from './kill.ts';
import type { Ledger } from './ledger.ts';

export type CountParts = Pick<Parts, 'cgroups' | 'store'> & { readonly counts: OomCounts };

export interface Counted {
  readonly container: Container;
  /** 0 where it is not known. */
  readonly initPid: number;
  readonly ledger: Ledger;
}

/** Reads the counters of one container, and counts what is new in them. Errors: what reading a cgroup's file says. */
export function newKills({ cgroups, counts, store }: CountParts, { container, initPid, ledger }: Counted): OomKill[] {
  const { record, state } = container;
  const cgroup = record.cgroup as CgroupPath;
  ledger.look(cgroups.oomKillsByCgroup(cgroup));
  const pod = store.pods.get(record.podId);
  const { namespace = '', name = '', uid = '' } = pod?.record.config ?? {};
  const subject = {
    ...{ namespace, pod: name, podUid: uid, container: record.config.name, containerId: record.id },
    image: record.config.userSpecifiedImage || record.config.image,
  };
  const found: OomKill[] = [];
  for (const [cell, total] of ledger.totals()) {
    const more = counts.count(subject, cell, total, Date.now());
    if (more === 0) continue;
    const memory = cgroups.read(cgroup)?.memory;
    const limitless = pod !== undefined && memory?.limit === undefined;
    const podMemory = limitless ? cgroups.read(pod.record.cgroup as CgroupPath)?.memory : undefined;
    const podFacts = pod && { record: pod.record, state: pod.state };
    const kill = { container: { record, state }, pod: podFacts, initPid, memory, podMemory };
    const kills = counts.of(namespace, name, record.config.name);
    for (let before = more - 1; before >= 0; before--) found.push({ ...kill, kills: kills - before });
  }
  return found;
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
