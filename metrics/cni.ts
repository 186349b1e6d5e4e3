import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Seconds: from a plugin that looks at one file to one that waits for a cluster. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Calls of CNI plugins. `plugin` is its name in the configuration, `command` ADD, DEL, CHECK, STATUS or GC. */
export function cniSeries(registry: Registry) {
  const registers = [registry];
  return {
    seconds: new Histogram({
      name: 'cricket_cni_plugin_seconds',
      help: 'Time from the start of a CNI plugin to its end.',
      labelNames: ['command', 'plugin'] as const,
      buckets,
      registers,
    }),
    failures: new Counter({
      name: 'cricket_cni_plugin_failures_total',
      help: 'Calls of a CNI plugin that failed, also by a limit of time or output.',
      labelNames: ['command', 'plugin'] as const,
      registers,
    }),
    owed: new Gauge({
      name: 'cricket_cni_releases_owed',
      help: 'Pods that are gone and whose CNI DEL has not succeeded yet; it is repeated.',
      registers,
    }),
  };
}

export type CniSeries = ReturnType<typeof cniSeries>;
