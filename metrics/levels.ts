import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** How many of each kind there are now. */
export type Levels = () => Iterable<readonly [string, number]>;

/** What is counted when scraped, from sources that are opened later than the registry. */
export function levelSeries(registry: Registry) {
  return {
    sandboxes: levelGauge(registry, 'cricket_sandboxes', 'Sandboxes, by state.', 'state'),
    containers: levelGauge(registry, 'cricket_containers', 'Containers, by state.', 'state'),
    queues: levelGauge(registry, 'cricket_queue_length', 'Tasks that wait for a Worker, by queue.', 'queue'),
  };
}

function levelGauge(registry: Registry, name: string, help: string, label: string) {
  let levels: Levels = () => [];
  new Gauge({
    ...{ name, help, labelNames: [label], registers: [registry] },
    collect() {
      this.reset();
      for (const [value, count] of levels()) this.set({ [label]: value }, count);
    },
  });
  return {
    /** Says where to look. */
    from(source: Levels): void {
      levels = source;
    },
  };
}
