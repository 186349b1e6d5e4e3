import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Seconds. From some microseconds of netlink to a program that is given up. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What the daemon has others do: the OCI runtime and whoever makes pod networks. `result`: ok or error. */
export function operationSeries(registry: Registry) {
  const registers = [registry];
  return {
    runtime: new Histogram({
      name: 'cricket_oci_runtime_seconds',
      help: 'Time of calls of the OCI runtime, by its name in the configuration; create includes the monitor.',
      labelNames: ['runtime', 'operation', 'result'] as const,
      buckets,
      registers,
    }),
    network: new Histogram({
      name: 'cricket_network_seconds',
      help: 'Time to give a pod its network (attach) and to take it back (detach).',
      labelNames: ['operation', 'result'] as const,
      buckets,
      registers,
    }),
    reconcile: new Histogram({
      name: 'cricket_reconcile_seconds',
      help: 'Time of rounds that compare what is known with what the kernel shows.',
      buckets,
      registers,
    }),
    findings: new Counter({
      name: 'cricket_reconcile_findings_total',
      help: 'What such rounds found amiss and mended, by what they looked at.',
      labelNames: ['subject'] as const,
      registers,
    }),
    stuck: new Counter({
      name: 'cricket_workers_given_up_total',
      help: 'Workers given up because a disk, a path or the kernel did not answer, by task.',
      labelNames: ['task'] as const,
      registers,
    }),
  };
}

export type OperationSeries = ReturnType<typeof operationSeries>;
