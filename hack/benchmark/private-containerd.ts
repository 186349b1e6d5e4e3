import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startContainerd } from '../lab/containerd.ts';
import { freePort } from '../../test/fixtures/prometheus.ts';
import { nftTables } from '../../test/leftovers/kernel.ts';
import { cniChain, removeChain } from './chain.ts';
import type { PluginsAlone } from './plugins-alone.ts';
import { Service } from './service.ts';
import type { MetricsAddress } from './metrics-address.ts';

const bridge = 'crkbench1';
export interface PrivateDaemon {
  readonly endpoint: string;
  readonly service: Service;
  readonly metrics: MetricsAddress;
  /** Of one whose pods have the network of CNI plugins, and that tells them from its own part. */
  readonly plugins?: PluginsAlone;
  /** Ends it and takes away what it leaves in the kernel; its pods are gone by then. */
  stop(): Promise<void>;
}

/** Debian's containerd, running. The lab writes its configuration; from then on it is ours to end and start. */
export async function startPrivateContainerd(
  dir: string,
  certsDir: string,
  runtime: 'runc' | 'crun',
): Promise<PrivateDaemon> {
  const tablesBefore = nftTables();
  const metrics = { host: '127.0.0.1', port: await freePort(), path: '/v1/metrics' };
  const cni = cniChain(dir, bridge, '10.86.0.0/16');
  const lab = await startContainerd({ dir, certsDir, cni, runtime, metricsPort: metrics.port });
  process.kill(lab.pid, 'SIGTERM');
  while (isAlive(lab.pid)) await delay(20);
  const { endpoint, logFile } = lab;
  const service = new Service({ command: ['containerd', '--config', join(dir, 'config.toml')], endpoint, logFile });
  const stop = async () => {
    try {
      await lab.stop();
    } finally {
      await service.end();
      removeChain(bridge, tablesBefore);
    }
  };
  try {
    await service.start(0);
  } catch (error) {
    await service.end();
    throw error;
  }
  return { endpoint, service, metrics, stop };
}

/** The lab reaps it, so its pid is free once it has ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
