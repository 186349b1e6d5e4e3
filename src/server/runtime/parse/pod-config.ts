import { isIP } from 'node:net';
import { NamespaceMode, Protocol } from '../../../../api/cri/v1/api.ts';
import type {
  DNSConfig,
  LinuxSandboxSecurityContext,
  NamespaceOption,
  PodSandboxConfig,
  PortMapping,
} from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import type { PodConfig } from '../../../sandbox/pod/record.ts';
import { parsePodResources } from './resources.ts';
import { parseSelinux } from './selinux.ts';
import { checkSysctls } from './sysctls.ts';
import { parseUsers } from './user-namespace.ts';
import { absoluteOrEmpty, member, nonEmpty, refuse, required, text, textMap, userNumber } from './values.ts';

const podOrNode = { [NamespaceMode.POD]: 'pod', [NamespaceMode.NODE]: 'node' } as const;
const podPid = { ...podOrNode, [NamespaceMode.CONTAINER]: 'container' } as const;

/** RunPodSandbox's configuration with every default decided. Errors: `invalid_argument` naming the field. */
export function parsePodConfig(given: PodSandboxConfig | undefined): PodConfig {
  const config = required(given, 'config');
  const metadata = required(config.metadata, 'config.metadata');
  refuse(config.windows !== undefined, 'config.windows');
  const namespaces = parseNamespaces(config.linux?.securityContext?.namespaceOptions);
  checkSandboxUser(config.linux?.securityContext);
  const sysctls = textMap(config.linux?.sysctls ?? {}, 'config.linux.sysctls');
  checkSysctls(sysctls, namespaces);
  return {
    name: nonEmpty(metadata.name, 'config.metadata.name', 1024),
    uid: text(metadata.uid, 'config.metadata.uid', 1024),
    namespace: text(metadata.namespace, 'config.metadata.namespace', 1024),
    attempt: metadata.attempt,
    hostname: parseHostname(config.hostname),
    logDirectory: absoluteOrEmpty(config.logDirectory, 'config.log_directory'),
    dns: parseDns(config.dnsConfig),
    labels: textMap(config.labels, 'config.labels'),
    annotations: textMap(config.annotations, 'config.annotations'),
    cgroupParent: text(config.linux?.cgroupParent ?? '', 'config.linux.cgroup_parent'),
    ...namespaces,
    ports: parsePorts(config.portMappings, namespaces.network),
    sysctls,
    privileged: config.linux?.securityContext?.privileged ?? false,
    selinux: parseSelinux(
      config.linux?.securityContext?.selinuxOptions,
      'config.linux.security_context.selinux_options',
    ),
    limits: parsePodResources(config.linux),
  };
}

/**
 * The sandbox has no process of its own to run as somebody: these are looked at, and that is all. Errors:
 * `invalid_argument` for what CRI forbids.
 */
function checkSandboxUser(given: LinuxSandboxSecurityContext | undefined): void {
  const field = 'config.linux.security_context';
  if (given?.runAsGroup !== undefined && given.runAsUser === undefined)
    throw fail('invalid_argument', `${field}.run_as_group is set without run_as_user`);
  for (const id of [given?.runAsUser, given?.runAsGroup])
    if (id !== undefined) userNumber(id.value, `${field}.run_as_user or run_as_group`);
  given?.supplementalGroups.forEach((group) => userNumber(group, `${field}.supplemental_groups`));
}

/** Without the message a container has a PID namespace of its own, as the kubelet asks for by default. */
function parseNamespaces(options: NamespaceOption | undefined): Pick<PodConfig, 'network' | 'ipc' | 'pid' | 'users'> {
  if (options === undefined) return { network: 'pod', ipc: 'pod', pid: 'container', users: null };
  const field = 'config.linux.security_context.namespace_options';
  return {
    network: member(options.network, podOrNode, `${field}.network`),
    ipc: member(options.ipc, podOrNode, `${field}.ipc`),
    pid: member(options.pid, podPid, `${field}.pid`),
    users: parseUsers(options.usernsOptions, `${field}.userns_options`),
  };
}

const protocols = { [Protocol.TCP]: 'tcp', [Protocol.UDP]: 'udp', [Protocol.SCTP]: 'sctp' } as const;

/** Without a host port there is nothing to publish; on the host's network a port needs no publishing. */
function parsePorts(given: readonly PortMapping[], network: PodConfig['network']): PodConfig['ports'] {
  const ports = given.map(({ protocol, containerPort, hostPort, hostIp }) => {
    for (const [name, value, least] of [
      ['host_port', hostPort, 0],
      ['container_port', containerPort, hostPort > 0 ? 1 : 0],
    ] as const)
      if (value < least || value > 65535)
        throw fail('invalid_argument', `config.port_mappings ${name} is ${value}, allowed is ${least} to 65535`);
    if (hostIp !== '' && isIP(hostIp) === 0)
      throw fail(
        'invalid_argument',
        `config.port_mappings host_ip ${JSON.stringify(hostIp.slice(0, 80))} is no address`,
      );
    return { protocol: member(protocol, protocols, 'config.port_mappings protocol'), containerPort, hostPort, hostIp };
  });
  return network === 'pod' ? ports.filter(({ hostPort }) => hostPort > 0) : [];
}

/** Labels of 63 bytes at most and 64 in all: what sethostname(2) takes and RFC 1123 allows. */
function parseHostname(hostname: string): string {
  if (hostname === '') return '';
  if (
    Buffer.byteLength(hostname) > 64 ||
    !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i.test(hostname)
  )
    throw fail(
      'invalid_argument',
      `config.hostname ${JSON.stringify(hostname.slice(0, 80))} is not a host name of at most 64 letters, digits, "-" and "."`,
    );
  return hostname;
}

function parseDns(dns: DNSConfig | undefined): PodConfig['dns'] {
  if (dns === undefined) return null;
  const words = (list: readonly string[], field: string) =>
    list.map((word) => {
      if (/\s/.test(word)) throw fail('invalid_argument', `${field} ${JSON.stringify(word)} has white space`);
      return nonEmpty(word, field);
    });
  return {
    servers: words(dns.servers, 'config.dns_config.servers'),
    searches: words(dns.searches, 'config.dns_config.searches'),
    options: words(dns.options, 'config.dns_config.options'),
  };
}
