import { fail } from '../../base/errors.ts';
import type { PodConfig } from '../pod/record.ts';
import type { NetworkedPod } from './network.ts';

/** Annotations by which a pod may change its network, each where the setting `network.annotations` names it. */
export const networkAnnotations = [
  'cricket/network',
  'cricket/mac-address',
  'cricket/ip-addresses',
  'cricket/infiniband-guid',
  'cricket/network-aliases',
] as const;
export type NetworkAnnotation = (typeof networkAnnotations)[number];

/** The pod as its network may see it: without our annotations that are not allowed, which have no meaning. */
export function withAllowed(pod: NetworkedPod, allowed: readonly NetworkAnnotation[]): NetworkedPod {
  const refused = new Set<string>(networkAnnotations.filter((name) => !allowed.includes(name)));
  const kept = Object.entries(pod.config.annotations).filter(([name]) => !refused.has(name));
  return { ...pod, config: { ...pod.config, annotations: Object.fromEntries(kept) } };
}

/** Only lo. Errors: `invalid_argument` for a value that means nothing. */
export function wantsNoNetwork({ annotations }: Pick<PodConfig, 'annotations'>): boolean {
  const network = annotations['cricket/network'];
  if (network !== undefined && network !== 'none')
    throw fail('invalid_argument', `annotation cricket/network ${JSON.stringify(network.slice(0, 80))}: must be none`);
  return network === 'none';
}

/** The address that the pod's end shall have, lower case. Errors: `invalid_argument` saying what is allowed. */
export function macWish({ annotations }: Pick<PodConfig, 'annotations'>): string | undefined {
  const mac = annotations['cricket/mac-address']?.toLowerCase();
  // The lowest bit of the first byte is multicast's.
  if (mac === undefined || (/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac) && mac !== '00:00:00:00:00:00'))
    return mac;
  throw fail(
    'invalid_argument',
    `annotation cricket/mac-address ${JSON.stringify(mac.slice(0, 80))}: must be a unicast address like 02:00:5e:10:00:01`,
  );
}
