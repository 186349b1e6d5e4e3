import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { links } from '../../test/leftovers/kernel.ts';
import { clearPluginRules } from '../../test/fixtures/plugin-rules.ts';

export const pluginDir = '/usr/lib/cni';

/** The chain that Kubernetes guides set up; addresses are kept in a folder of the daemon's own. */
export const cniChain = (dir: string, bridge: string, subnet: string) => ({
  cniVersion: '0.4.0',
  name: bridge,
  plugins: [
    {
      type: 'bridge',
      bridge,
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: join(dir, 'addresses'),
        ranges: [[{ subnet }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

/** The bridge, and the tables that iptables made for the plugins: those that were not there and have no rule left. */
export function removeChain(bridge: string, tablesBefore: readonly string[]): void {
  if (links().includes(bridge)) execFileSync('ip', ['link', 'delete', bridge]);
  clearPluginRules(tablesBefore);
}
