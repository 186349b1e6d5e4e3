import { z } from 'zod';
import { absolutePath, integer, ipv4Range } from '../values.ts';

export const networkSection = z
  .strictObject({
    mode: z
      .enum(['auto', 'built-in', 'cni'])
      .default('auto')
      .describe('Who makes pod networks. auto: the CNI configuration if there is one, else the built-in bridge.'),
    bridge: z
      .string()
      .regex(/^[a-z][a-z0-9_.-]{0,14}$/i, 'must be a link name of at most 15 characters')
      .default('cricket0')
      .describe('Name of the bridge of the built-in network.'),
    range: ipv4Range()
      .default('10.85.0.0/16')
      .describe('IPv4 range of the built-in network. A pod CIDR that the kubelet sends goes before it.'),
    mtu: z
      .number()
      .refine(
        (value) => value === 0 || (Number.isInteger(value) && value >= 1280 && value <= 65535),
        'must be 0 or a whole number from 1280 to 65535',
      )
      .default(0)
      .describe('Bytes a packet of a pod may have. 0: that of the link with the default route.'),
    masquerade: z
      .boolean()
      .default(true)
      .describe('Whether what pods send outside their range carries the host address.'),
    cniConfDir: absolutePath().default('/etc/cni/net.d').describe('Where CNI configurations are looked for.'),
    cniBinDirs: z
      .array(absolutePath())
      .default(['/opt/cni/bin', '/usr/lib/cni'])
      .describe('Where CNI plugins are looked for, in this order.'),
    cniTimeoutSeconds: integer(1, 600).default(60).describe('Seconds one CNI plugin may take.'),
  })
  .describe('Pod networks.');
