import { fail } from '../../../base/errors.ts';
import type { NetworkedPod } from '../network.ts';
import { bandwidthOf } from './bandwidth.ts';

/** Capability arguments by their name in CONVENTIONS.md; each plugin is given those that it declares. */
export type CapabilityArguments = Readonly<Record<string, unknown>>;

/** Annotations of our own that become capability arguments. */
const annotation = {
  ips: 'cricket/ip-addresses',
  mac: 'cricket/mac-address',
  guid: 'cricket/infiniband-guid',
  aliases: 'cricket/network-aliases',
} as const;

/**
 * What is known of a pod that plugins may ask for. `podCidr` is the kubelet's: the ranges to take addresses from.
 * `annotations`: those of ours that count. Errors: `invalid_argument` naming the annotation.
 */
export function capabilitiesOf(
  { config }: NetworkedPod,
  { podCidr, annotations: allowed }: { readonly podCidr: string; readonly annotations: readonly string[] },
): CapabilityArguments {
  const { annotations, cgroupParent, dns, ports } = config;
  const wish = (key: keyof typeof annotation) =>
    allowed.includes(annotation[key]) ? annotations[annotation[key]] : undefined;
  const ranges = words(podCidr);
  return pruned({
    portMappings: ports.length === 0 ? undefined : ports.map((port) => ({ ...port, hostIP: port.hostIp })).map(pruneIp),
    bandwidth: bandwidthOf(annotations),
    dns: dns ?? undefined,
    ipRanges: ranges.length === 0 ? undefined : ranges.map((subnet) => [{ subnet }]),
    ips: listOf(wish('ips')),
    mac: matching(annotation.mac, wish('mac'), /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i),
    infinibandGUID: matching(annotation.guid, wish('guid'), /^([0-9a-f]{2}:){7}[0-9a-f]{2}$/i),
    aliases: [config.name, ...(listOf(wish('aliases')) ?? [])],
    cgroupPath: cgroupParent === '' ? undefined : cgroupParent,
    // Not in CONVENTIONS.md, but what the field's runtimes pass to plugins that ask for it.
    'io.kubernetes.cri.pod-annotations': annotations,
  });
}

function pruneIp({ hostIP, hostPort, containerPort, protocol }: { hostIP: string } & Record<string, unknown>) {
  return { hostPort, containerPort, protocol, ...(hostIP === '' ? {} : { hostIP }) };
}

const words = (text: string): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== '');

function listOf(text: string | undefined): readonly string[] | undefined {
  const found = words(text ?? '');
  return found.length === 0 ? undefined : found;
}

function matching(name: string, text: string | undefined, pattern: RegExp): string | undefined {
  if (text === undefined || pattern.test(text)) return text?.toLowerCase();
  throw fail(
    'invalid_argument',
    `annotation ${name} is ${JSON.stringify(text.slice(0, 80))}: it must be such an address`,
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
