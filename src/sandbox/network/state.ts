import { join } from 'node:path';
import { z } from 'zod';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import type { Logger } from '../../base/log.ts';
import { Remembered } from '../../base/remembered.ts';

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

/** What an earlier daemon left; damaged or of a newer version, it is said and begun afresh: it only speeds things up. */
export async function openNetworkState(directory: string, log: Logger): Promise<Remembered<NetworkState>> {
  const onUnreadable = ({ message }: Error, kept: boolean) => {
    if (kept) log.warn({ error: message }, 'network state is left as it is; addresses are given from the first one on');
    else log.warn({ error: message }, 'network state is unreadable; the pod CIDR comes with the kubelet');
  };
  return Remembered.open({ kind, path: join(directory, 'state.json'), fresh, onUnreadable });
}
