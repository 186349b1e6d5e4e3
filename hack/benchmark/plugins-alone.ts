import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '../../metrics/registry.ts';
import { newPodId } from '../../src/base/ids.ts';
import { openPodCalls } from '../../src/linux/pod-calls.ts';
import { Watcher } from '../../src/linux/watcher.ts';
import { addToNetwork, deleteFromNetwork } from '../../src/sandbox/network/cni/chain.ts';
import { parseNetwork } from '../../src/sandbox/network/cni/config.ts';
import type { PluginRunner } from '../../src/sandbox/network/cni/plugin.ts';
import { RunningPlugins } from '../../src/sandbox/network/cni/running.ts';
import { pluginDir } from './chain.ts';
import { timed } from './samples.ts';
import type { Samples } from './samples.ts';

/** The plugins of a chain, run for a namespace without any daemon: what no runtime can be faster than. */
export interface PluginsAlone extends AsyncDisposable {
  /**
   * ADD of the whole chain, timed; what it answers does DEL, timed too. To be called around the life of a pod: a DEL
   * takes the longer the longer its ADD is ago, and what the kernel does after it must not hold up the pod.
   */
  readonly add: (samples: Samples) => Promise<() => Promise<void>>;
}

export async function openPluginsAlone(dir: string, chain: object): Promise<PluginsAlone> {
  const watcher = new Watcher();
  const calls = openPodCalls({ onStuck: () => undefined });
  const state = join(dir, 'plugins-alone');
  mkdirSync(state, { recursive: true });
  const runner: PluginRunner = {
    ...{ watcher, running: await RunningPlugins.open(state, () => false), binDirs: [pluginDir], timeoutMs: 30_000 },
    ...{ environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], series: createMetrics('bench').cni },
  };
  const { plugins, ...rest } = parseNetwork(JSON.stringify(chain), 'list');
  const network = { ...rest, plugins: plugins.map((plugin) => ({ ...plugin, capabilities: [] })) };
  return {
    async add(samples) {
      const pod = newPodId();
      const netns = `/run/netns/crkbench-${pod.slice(0, 12)}`;
      const soon = () => AbortSignal.timeout(30_000);
      const args = 'IgnoreUnknown=1';
      const attachment = { pod, netns, ifname: 'eth0', args, capabilities: {}, file: '', network };
      const unpin = async () => calls.call('unpinNamespaces', { pins: [netns] }, soon());
      await calls.call('pinNamespaces', { pins: { net: netns }, hostname: '', sysctls: {} }, soon());
      let result: unknown;
      try {
        const adding = async () => addToNetwork(runner, attachment, soon());
        result = await timed(samples, 'CNI plugins alone, ADD', adding);
      } catch (error) {
        await unpin();
        throw error;
      }
      return async () => {
        try {
          const deleting = async () => deleteFromNetwork(runner, { attachment, result }, soon());
          await timed(samples, 'CNI plugins alone, DEL', deleting);
        } finally {
          await unpin();
        }
      };
    },
    async [Symbol.asyncDispose]() {
      await calls[Symbol.asyncDispose]();
      await watcher[Symbol.asyncDispose]();
    },
  };
}
