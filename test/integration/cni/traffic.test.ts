import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createMetrics } from '../../../metrics/registry.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { ignoreSteps } from '../../../src/base/steps.ts';
import { Watcher } from '../../../src/linux/watcher.ts';
import { openCniNetwork } from '../../../src/sandbox/network/cni/network.ts';
import type { CniNetwork } from '../../../src/sandbox/network/cni/network.ts';
import { clearPluginRules } from '../../fixtures/plugin-rules.ts';
import { nftTables } from '../../leftovers/kernel.ts';
import type { NetworkLab } from '../network/lab.ts';
import { trafficTable } from '../network/table.ts';
import type { TableOptions } from '../network/table.ts';

const tablesBefore = nftTables();
const bridgeOf = ({ instance }: NetworkLab) => `crkt${instance}`;

/** A CNI network whose configuration and addresses lie in the lab. */
function overChain(more: readonly object[]): TableOptions {
  const opened: { watcher: Watcher; network: CniNetwork }[] = [];
  return {
    async open(lab, { ipv4, ipv6 }) {
      const directory = join(lab.root, 'net.d');
      mkdirSync(directory);
      const ipam = {
        type: 'host-local',
        dataDir: join(lab.root, 'addresses'),
        ranges: [[{ subnet: ipv4 }], [{ subnet: ipv6 }]],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      };
      const bridge = { type: 'bridge', bridge: bridgeOf(lab), isGateway: true, hairpinMode: true, ipMasq: true, ipam };
      const content = { cniVersion: '1.0.0', name: bridgeOf(lab), plugins: [bridge, ...more] };
      writeFileSync(join(directory, '10-test.conflist'), JSON.stringify(content));
      const watcher = new Watcher();
      const network = await openCniNetwork({
        ...{ directory, watcher, root: lab.root, state: join(lab.root, 'state'), ports: await lab.ports() },
        ...{ binDirs: ['/usr/lib/cni'], environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], timeoutMs: 30_000 },
        ...{ series: createMetrics('test').cni, log: silentLogger(), reach: ignoreSteps, onChange: () => undefined },
      });
      opened.push({ watcher, network });
      return network;
    },
    async close(lab) {
      for (const { watcher, network } of opened) {
        await network.reconcile(new Set(), AbortSignal.timeout(30_000));
        await network.close();
        await watcher[Symbol.asyncDispose]();
      }
      const taken = readdirSync(join(lab.root, 'addresses', bridgeOf(lab)));
      execFileSync('ip', ['link', 'delete', bridgeOf(lab)]);
      clearPluginRules(tablesBefore);
      expect(taken.filter((name) => /^[0-9a-f.:]+$/.test(name))).to.deep.equal([]);
    },
  };
}

trafficTable(
  'traffic of a chain of bridge, host-local, portmap, bandwidth and firewall',
  overChain([
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
    { type: 'bandwidth', capabilities: { bandwidth: true } },
    { type: 'firewall', backend: 'iptables' },
  ]),
);

trafficTable('traffic of a chain without portmap, with host ports of our own', overChain([]));
