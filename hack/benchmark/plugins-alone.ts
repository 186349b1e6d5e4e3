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
  /** One ADD and one DEL of the whole chain, each timed. */
  readonly measure: (samples: Samples) => Promise<void>;
}

export async function openPluginsAlone(dir: string, chain: object): Promise<PluginsAlone> {
  const watcher = new Watcher();
  const calls = openPodCalls(() => undefined);
  const state = join(dir, 'plugins-alone');
  mkdirSync(state, { recursive: true });
  const runner: PluginRunner = {
    ...{ watcher, running: await RunningPlugins.open(state), binDirs: [pluginDir], timeoutMs: 30_000 },
    ...{ environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], series: createMetrics('bench').cni },
  };
  const { plugins, ...rest } = parseNetwork(JSON.stringify(chain), 'list');
  const network = { ...rest, plugins: plugins.map((plugin) => ({ ...plugin, capabilities: [] })) };
  return {
    async measure(samples) {
      const pod = newPodId();
      const netns = `/run/netns/crkbench-${pod.slice(0, 12)}`;
      const signal = AbortSignal.timeout(30_000);
      await calls.call('pinNamespaces', { pins: { net: netns }, hostname: '', sysctls: {} }, signal);
      try {
        const args = 'IgnoreUnknown=1';
        const attachment = { pod, netns, ifname: 'eth0', args, capabilities: {}, file: '', network };
        const add = async () => addToNetwork(runner, attachment, signal);
        const result = await timed(samples, 'CNI plugins alone, ADD', add);
        const remove = async () => deleteFromNetwork(runner, { attachment, result }, signal);
        await timed(samples, 'CNI plugins alone, DEL', remove);
      } finally {
        await calls.call('unpinNamespaces', [netns], AbortSignal.timeout(30_000));
      }
    },
    async [Symbol.asyncDispose]() {
      await calls[Symbol.asyncDispose]();
      await watcher[Symbol.asyncDispose]();
    },
  };
}
