import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Seconds. From an answer out of memory to an image pull. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** CRI calls. `method` is the RPC's name, `code` the gRPC status name in lower case. */
export function rpcSeries(registry: Registry) {
  const registers = [registry];
  return {
    total: new Counter({
      name: 'cricket_rpc_total',
      help: 'CRI calls answered, by RPC and gRPC status.',
      labelNames: ['method', 'code'] as const,
      registers,
    }),
    seconds: new Histogram({
      name: 'cricket_rpc_seconds',
      help: 'Time from receiving a CRI call to its answer, by RPC and gRPC status.',
      labelNames: ['method', 'code'] as const,
      buckets,
      registers,
    }),
    inFlight: new Gauge({
      name: 'cricket_rpc_in_flight',
      help: 'CRI calls whose handler is still at work.',
      labelNames: ['method'] as const,
      registers,
    }),
  };
}

export type RpcSeries = ReturnType<typeof rpcSeries>;
