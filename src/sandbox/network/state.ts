import { join } from 'node:path';
import { z } from 'zod';
import { loadCheckpoint, saveCheckpoint } from '../../base/checkpoint.ts';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { errnoOf, errorFrom } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';

/** What the network remembers beside its leases. */
export interface NetworkState {
  /** The kubelet's range; it sends it only when it changes. */
  readonly podCidr: string;
  /** Range → the address given out last. */
  readonly last: Readonly<Record<string, number>>;
  /** Our own IPv6 network, '' until it was needed: the same for good. */
  readonly ula: string;
  /** IPv4 forwarding was off before us: whoever removes the instance turns it off again. */
  readonly forwardingWasOff: boolean;
  readonly forwarding6WasOff: boolean;
}

const kind: CheckpointKind<NetworkState> = {
  name: 'network state',
  version: 1,
  schema: z.object({
    podCidr: z.string(),
    last: z.record(z.string(), z.number()),
    ula: z.string().default(''),
    forwardingWasOff: z.boolean(),
    forwarding6WasOff: z.boolean().default(false),
  }),
};

const fresh: NetworkState = { podCidr: '', last: {}, ula: '', forwardingWasOff: false, forwarding6WasOff: false };
const pathIn = (directory: string) => join(directory, 'state.json');

/** Starts afresh where there is none; one that is unreadable is said and then written anew, it only speeds things up. */
export async function loadNetworkState(directory: string, log: Logger): Promise<NetworkState> {
  try {
    return await loadCheckpoint(kind, pathIn(directory));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT')
      log.warn({ error: errorFrom(error).message }, 'network state is unreadable; the pod CIDR comes with the kubelet');
    return fresh;
  }
}

export async function saveNetworkState(directory: string, state: NetworkState): Promise<void> {
  await saveCheckpoint(kind, pathIn(directory), state);
}
