import type { OomTallies } from '../events/oom-counts.ts';
import type { Store } from '../store/store.ts';
import type { OomLabels } from './labels.ts';
import type { OomRow } from './oom-events.ts';

/** Milliseconds for which a kill is told although its pod is gone: no scrape is that late. */
const toldAfterMs = 3_600_000;

/** Every name that was ever hit. */
export function oomRows(tallies: OomTallies): readonly OomRow[] {
  const oldest = Date.now() - toldAfterMs;
  return [...tallies.all()].map(({ namespace, pod, container, kills, lastAt }) => ({
    ...{ namespace, pod, container, events: kills, recent: lastAt > oldest },
  }));
}

/** Names of the containers that do not run. */
export function namesAtRest({ containers, pods }: Pick<Store, 'containers' | 'pods'>): readonly OomLabels[] {
  return [...containers.values()].flatMap(({ record, state }): OomLabels[] => {
    if (state.kind === 'running') return [];
    const config = pods.get(record.podId)?.record.config;
    if (config === undefined) return [];
    return [{ namespace: config.namespace, pod: config.name, container: record.config.name }];
  });
}
