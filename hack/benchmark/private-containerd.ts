import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startContainerd } from '../lab/containerd.ts';
import { links, nftTables } from '../../test/leftovers/kernel.ts';
import { Service } from './service.ts';

const bridge = 'crkbench1';
/** The chain that Kubernetes guides set up; addresses are kept in our own folder. */
const cni = (dir: string) => ({
  cniVersion: '0.4.0',
  name: 'cricket-bench',
  plugins: [
    {
      type: 'bridge',
      bridge,
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: join(dir, 'addresses'),
        ranges: [[{ subnet: '10.86.0.0/16' }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

export interface PrivateDaemon {
  readonly endpoint: string;
  readonly service: Service;
  /** Ends it and takes away what it leaves in the kernel; its pods are gone by then. */
  stop(): Promise<void>;
}

/** Debian's containerd, running. The lab writes its configuration; from then on it is ours to end and start. */
export async function startPrivateContainerd(
  dir: string,
  certsDir: string,
  runtime: 'runc' | 'crun',
): Promise<PrivateDaemon> {
  const tablesBefore = nftTables();
  const lab = await startContainerd({ dir, certsDir, cni: cni(dir), runtime });
  process.kill(lab.pid, 'SIGTERM');
  while (isAlive(lab.pid)) await delay(20);
  const { endpoint, logFile } = lab;
  const service = new Service({ command: ['containerd', '--config', join(dir, 'config.toml')], endpoint, logFile });
  const stop = async () => {
    try {
      await lab.stop();
    } finally {
      await service.end();
      removeNetwork(tablesBefore);
    }
  };
  try {
    await service.start(0);
  } catch (error) {
    await service.end();
    throw error;
  }
  return { endpoint, service, stop };
}

/** The bridge, and the tables that iptables made for the plugins: those that were not there and have no rule left. */
function removeNetwork(tablesBefore: readonly string[]): void {
  if (links().includes(bridge)) execFileSync('ip', ['link', 'delete', bridge]);
  for (const table of ['ip nat', 'ip filter']) {
    if (tablesBefore.includes(table) || !nftTables().includes(table)) continue;
    const rules = execFileSync('nft', ['list', 'table', ...table.split(' ')], { encoding: 'utf8' });
    if (!/\b(jump|accept|masquerade|dnat)\b(?!;)/.test(rules.replaceAll(/policy accept/g, '')))
      execFileSync('nft', ['delete', 'table', ...table.split(' ')]);
  }
}

/** The lab reaps it, so its pid is free once it has ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
