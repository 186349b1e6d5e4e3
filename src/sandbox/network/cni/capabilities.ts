import { fail } from '../../../base/errors.ts';
import type { NetworkedPod } from '../network.ts';
import { macWish } from '../wishes.ts';
import { bandwidthOf } from './bandwidth.ts';

/** Capability arguments by their name in CONVENTIONS.md; each plugin is given those that it declares. */
export type CapabilityArguments = Readonly<Record<string, unknown>>;

/**
 * What is known of a pod that plugins may ask for. `podCidr` is the kubelet's: the ranges to take addresses from.
 * Errors: `invalid_argument` naming the annotation.
 */
export function capabilitiesOf({ config }: NetworkedPod, podCidr: string): CapabilityArguments {
  const { annotations, cgroupParent, dns, ports } = config;
  const ranges = words(podCidr);
  return pruned({
    portMappings: ports.length === 0 ? undefined : ports.map(portMapping),
    bandwidth: bandwidthOf(annotations),
    dns: dns ?? undefined,
    ipRanges: ranges.length === 0 ? undefined : ranges.map((subnet) => [{ subnet }]),
    ips: listOf(annotations['cricket/ip-addresses']),
    mac: macWish(config),
    infinibandGUID: guidWish(annotations['cricket/infiniband-guid']),
    aliases: [config.name, ...(listOf(annotations['cricket/network-aliases']) ?? [])],
    cgroupPath: cgroupParent === '' ? undefined : cgroupParent,
    // Not in CONVENTIONS.md, but what the field's runtimes pass to plugins that ask for it.
    'io.kubernetes.cri.pod-annotations': annotations,
  });
}

const portMapping = ({ hostIp, hostPort, containerPort, protocol }: NetworkedPod['config']['ports'][number]) => ({
  ...{ hostPort, containerPort, protocol },
  ...(hostIp === '' ? {} : { hostIP: hostIp }),
});

const words = (text: string): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== '');

function listOf(text: string | undefined): readonly string[] | undefined {
  const found = words(text ?? '');
  return found.length === 0 ? undefined : found;
}

function guidWish(text: string | undefined): string | undefined {
  if (text === undefined || /^([0-9a-f]{2}:){7}[0-9a-f]{2}$/i.test(text)) return text?.toLowerCase();
  const found = JSON.stringify(text.slice(0, 80));
  throw fail(
    'invalid_argument',
    `annotation cricket/infiniband-guid ${found}: must be 8 bytes like 02:00:00:00:00:00:00:01`,
  );
}

const pruned = (all: Record<string, unknown>): CapabilityArguments =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));

/**
 * CNI_ARGS, as every runtime of Kubernetes sets them. Errors: `invalid_argument` for a name that cannot stand there: the
 * format has no way to quote.
 */
export function argumentsOf({ id, config }: NetworkedPod): string {
  const all = [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAMESPACE', config.namespace],
    ['K8S_POD_NAME', config.name],
    ['K8S_POD_INFRA_CONTAINER_ID', id],
    ['K8S_POD_UID', config.uid],
  ] as const;
  for (const [key, value] of all)
    if (/[;=\0]/.test(value))
      throw fail(
        'invalid_argument',
        `${key} ${JSON.stringify(value.slice(0, 80))}: CNI plugins take no ";" and "=" in it`,
      );
  return all.map(([key, value]) => `${key}=${value}`).join(';');
}
