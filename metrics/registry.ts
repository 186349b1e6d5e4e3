import { Registry } from 'prom-client';
import { buildSeries } from './build.ts';
import { cniSeries } from './cni.ts';
import { processSeries } from './process.ts';
import { rpcSeries } from './rpc.ts';
import { streamingSeries } from './streaming.ts';

/** Every series there is, in one typed tree: `metrics.rpc.total.inc({ method, code })`. */
export function createMetrics(version: string) {
  const registry = new Registry();
  const build = buildSeries(registry);
  build.info.set({ version, node: process.versions.node }, 1);
  return {
    registry,
    build,
    cni: cniSeries(registry),
    process: processSeries(registry),
    rpc: rpcSeries(registry),
    streaming: streamingSeries(registry),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
