import type { Metrics } from '../../../metrics/registry.ts';
import { monotonicMs } from '../../base/clock.ts';
import type { NodeNetwork } from '../../sandbox/network/network.ts';
import type { OciRuntime } from '../../sandbox/oci/runtime.ts';
import type { HandlerParts } from '../handlers.ts';

/** The same network, with its attaches and detaches timed. */
export function meteredNetwork(network: NodeNetwork, { operations }: Metrics): NodeNetwork {
  const timed = async <T>(operation: 'attach' | 'detach', work: Promise<T>): Promise<T> => {
    const begun = monotonicMs();
    const told = (result: 'ok' | 'error') =>
      operations.network.observe({ operation, result }, (monotonicMs() - begun) / 1000);
    try {
      const answer = await work;
      told('ok');
      return answer;
    } catch (error) {
      told('error');
      throw error;
    }
  };
  return {
    attach: (pod, signal) => timed('attach', network.attach(pod, signal)),
    detach: (pod, signal) => timed('detach', network.detach(pod, signal)),
    ready: () => network.ready(),
    describe: (pod) => network.describe(pod),
    summary: () => network.summary(),
    setPodCidr: (cidr) => network.setPodCidr(cidr),
    reconcile: (live, signal) => network.reconcile(live, signal),
    close: () => network.close(),
  };
}

/** The same runtimes, with their calls timed. */
export function meteredRuntimes(
  runtimes: ReadonlyMap<string, OciRuntime>,
  { operations }: Metrics,
): ReadonlyMap<string, OciRuntime> {
  const metered = (runtime: OciRuntime): OciRuntime => ({
    ...runtime,
    onCall: (operation, seconds, ok) =>
      operations.runtime.observe({ runtime: runtime.name, operation, result: ok ? 'ok' : 'error' }, seconds),
  });
  return new Map([...runtimes].map(([name, runtime]) => [name, metered(runtime)]));
}

type Counted = Pick<HandlerParts, 'store' | 'disk' | 'hostPaths' | 'podCalls' | 'sampler'>;

/** Says where sandboxes, containers and queues are counted when somebody scrapes. */
export function countLevels({ levels }: Metrics, parts: Counted): void {
  const { store, disk, hostPaths, podCalls, sampler } = parts;
  levels.sandboxes.from(() => statesOf(store.pods.values()));
  levels.containers.from(() => statesOf(store.containers.values()));
  levels.queues.from(() => [
    ['disk', disk.waiting],
    ['host_paths', hostPaths.waiting],
    ['namespaces', podCalls.waiting],
    ['stats', sampler.waiting],
  ]);
}

function statesOf(objects: Iterable<{ readonly state: { readonly kind: string } }>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of objects) counts.set(state.kind, (counts.get(state.kind) ?? 0) + 1);
  return counts;
}
