import type { Config } from '../../config/schema.ts';
import { checkCni } from './cni.ts';
import { ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

/** Forwarding, and the CNI configuration with the plugins it names. */
export async function checkNetwork(host: Host, config: Config): Promise<readonly Finding[]> {
  return [await forwarding(host), await checkCni(host, config)];
}

async function forwarding(host: Host): Promise<Finding> {
  const path = '/proc/sys/net/ipv4/ip_forward';
  const value = (await host.read(path))?.trim();
  if (value === '1') return ok('ip_forward', 'on');
  const advice = 'the built-in network switches it on; for others: sysctl -w net.ipv4.ip_forward=1';
  return warn('ip_forward', value === undefined ? `${path} is not there` : 'off', advice);
}
