import { fail } from '../../base/errors.ts';
import { openBuiltInNetwork } from '../../sandbox/network/built-in.ts';
import type { ReconcileParts } from '../../sandbox/reconcile.ts';
import type { HandlerParts } from '../handlers.ts';
import type { Given } from './given.ts';

/** The network of pods by the configuration. */
export async function openNetwork(
  { config, log }: Given,
  instance: ReconcileParts['instance'],
  podCalls: HandlerParts['podCalls'],
) {
  const { mode, ranges, bridge, mtu } = config.network;
  if (mode === 'cni')
    throw fail('unimplemented', 'network.mode = "cni" is not implemented in this version; use "built-in" or "auto"');
  return openBuiltInNetwork({
    instance,
    root: config.root,
    ranges,
    ...(bridge === '' ? {} : { bridge }),
    ...(mtu === 0 ? {} : { mtu }),
    log,
    links: async (call, argument, signal) => podCalls.call(call, argument, signal),
  });
}
