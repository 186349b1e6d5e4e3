import { z } from 'zod';
import { networkAnnotations } from '../../../sandbox/network/wishes.ts';
import { absolutePath, integer, ipv4Ranges, ipv6Range } from '../values.ts';

export const networkSection = z
  .strictObject({
    mode: z
      .enum(['auto', 'built-in', 'cni'])
      .default('auto')
      .describe(
        'Who makes pod networks. auto: the CNI configuration if there is one, else the built-in bridge. cni: the CNI configuration; the node is not ready until there is one. A pod keeps the network it was started with.',
      ),
    bridge: z
      .string()
      .regex(/^([a-z][a-z0-9_.-]{0,14})?$/i, 'must be empty or a link name of at most 15 characters')
      .default('')
      .describe('Name of the bridge of the built-in network. Empty: crk and the id of this installation.'),
    ranges: ipv4Ranges()
      .default(['10.85.0.0/16'])
      .describe(
        'IPv4 ranges of the built-in network, used in this order. A pod CIDR that the kubelet sends goes before them.',
      ),
    ipv6Range: ipv6Range()
      .default('auto')
      .describe(
        'IPv6 network of the built-in network, /96 or wider. auto: a unique local /64 made from machine and installation. off: none.',
      ),
    reachable: z
      .enum(['auto', 'yes', 'no'])
      .default('auto')
      .describe(
        'Whether others than this node may connect to ports of pods that are not published. auto: only in a pod CIDR that the kubelet sends, to which other nodes route.',
      ),
    acceptForward: z
      .boolean()
      .default(false)
      .describe(
        "Adds rules that accept the bridge where another's firewall (Docker, ufw, firewalld) forwards nothing.",
      ),
    annotations: z
      .array(z.enum(networkAnnotations))
      .default([])
      .describe(
        'Annotations by which pods may change their network, such as cricket/network = none. Those not named here have no meaning.',
      ),
    mtu: z
      .number()
      .refine(
        (value) => value === 0 || (Number.isInteger(value) && value >= 1280 && value <= 65535),
        'must be 0 or a whole number from 1280 to 65535',
      )
      .default(0)
      .describe('Bytes a packet of a pod may have. 0: that of the link with the default route.'),
    cniConfDir: absolutePath().default('/etc/cni/net.d').describe('Where CNI configurations are looked for.'),
    cniBinDirs: z
      .array(absolutePath())
      .default(['/opt/cni/bin', '/usr/lib/cni'])
      .describe('Where CNI plugins are looked for, in this order.'),
    cniPluginTimeoutSeconds: integer(1, 600)
      .default(60)
      .describe('Seconds that one call of one CNI plugin may take before it is killed with all its children.'),
  })
  .describe('Pod networks.');
