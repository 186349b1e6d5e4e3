import type { Config } from '../../config/schema.ts';
import { join } from 'node:path';
import { forwardAdvice } from '../../../sandbox/network/firewalls/forward.ts';
import { obstacles, readForwardRules, withoutIpv6 } from '../../../sandbox/network/firewalls/look.ts';
import { checkCni } from './cni.ts';
import { ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

/** Forwarding, IPv6, firewalls of others, and the CNI configuration with the plugins it names. */
export async function checkNetwork(host: Host, config: Config): Promise<readonly Finding[]> {
  return Promise.all([forwarding(host), ipv6(host, config), firewalls(host, config), checkCni(host, config)]);
}

async function forwarding(host: Host): Promise<Finding> {
  const path = '/proc/sys/net/ipv4/ip_forward';
  const value = (await host.read(path))?.trim();
  if (value === '1') return ok('ip_forward', 'on');
  const advice = 'the built-in network switches it on; for others: sysctl -w net.ipv4.ip_forward=1';
  return warn('ip_forward', value === undefined ? `${path} is not there` : 'off', advice);
}

async function disabledIpv6(host: Host): Promise<readonly (string | undefined)[]> {
  return Promise.all(
    ['all', 'default'].map(async (scope) => (await host.read(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`))?.trim()),
  );
}

async function ipv6(host: Host, config: Config): Promise<Finding> {
  if (config.network.ipv6Range === 'off') return ok('ipv6', 'off, as configured');
  const off = await disabledIpv6(host);
  if (off.every((value) => value === '0')) return ok('ipv6', 'on');
  const found = off.includes(undefined) ? 'this kernel has none' : 'turned off by disable_ipv6';
  return ok('ipv6', `${found}: pods of the built-in network get IPv4 only`);
}

/** Only the daemon knows the bridge's name where none is configured; before its first start there is none. */
async function firewalls(host: Host, config: Config): Promise<Finding> {
  const instance = (await host.read(join(config.root, 'instance')))?.trim() ?? '';
  const bridge = config.network.bridge || `crk${instance}`;
  const rules = await readForwardRules(host, (table) => table === `cricket_${instance}`);
  const hasIpv6 = config.network.ipv6Range !== 'off' && (await disabledIpv6(host)).every((value) => value === '0');
  const found = obstacles(hasIpv6 ? rules : withoutIpv6(rules), bridge);
  if (found.length === 0) return ok('forwarding', 'no firewall refuses it');
  const told = found.join('; ');
  if (config.network.acceptForward && instance === '')
    return ok('forwarding', `${told}; the daemon adds an accept there`);
  return warn('forwarding', told, `pods of the built-in network reach nothing beyond this node: ${forwardAdvice}`);
}
