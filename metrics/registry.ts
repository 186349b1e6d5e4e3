import { Registry } from 'prom-client';
import { buildSeries } from './build.ts';
import { cniSeries } from './cni.ts';
import { processSeries } from './process.ts';
import { levelSeries } from './levels.ts';
import { operationSeries } from './operations.ts';
import { pullSeries } from './pulls.ts';
import { rpcSeries } from './rpc.ts';
import { scrapeSeries } from './scrape-series.ts';
import { streamingSeries } from './streaming.ts';

/** Every series there is, in one typed tree: `metrics.rpc.total.inc({ method, code })`. */
export function createMetrics(version: string) {
  const registry = new Registry();
  const build = buildSeries(registry);
  build.info.set({ version, node: process.versions.node }, 1);
  return {
    registry,
    build,
    process: processSeries(registry),
    rpc: rpcSeries(registry),
    pulls: pullSeries(registry),
    cni: cniSeries(registry),
    operations: operationSeries(registry),
    levels: levelSeries(registry),
    streaming: streamingSeries(registry),
    scrape: scrapeSeries(registry),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
