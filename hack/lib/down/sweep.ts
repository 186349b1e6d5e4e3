/**
 * sweep.ts ROOT STATE CGROUP|default BRIDGE [INSTANCE] : ends and removes what a service left in the kernel once it has ended, and
 * says what. Where all went well there are only a bridge and a table. INSTANCE is what the names of its own bear.
 */
import { execFileSync } from 'node:child_process';
import { rmdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseInstanceId } from '../../../src/base/ids.ts';
import { expandSlice, isSliceName } from '../../../src/cgroups/drivers/systemd.ts';
import { ForwardGuard } from '../../../src/sandbox/network/firewalls/forward.ts';
import { cgroups, links, mounts, networkNamespaces, nftTables, processes } from '../../../test/leftovers/kernel.ts';

const patienceMs = 5000;

interface Owner {
  readonly root: string;
  readonly state: string;
  readonly cgroup: string;
  readonly bridge: string;
  /** Undefined when its record is gone: then nothing bears a name that only it could have given. */
  readonly instance: string | undefined;
}

export async function sweep(owner: Owner): Promise<string[]> {
  return [
    ...(await killProcesses(owner)),
    ...removeMounts(owner),
    ...removeNamespaces(owner),
    ...removeLinks(owner),
    ...removeTables(owner),
    ...(await removeAccepts(owner)),
    ...removeCgroups(owner),
  ];
}

/** Monitors, runtimes and what they run: by cgroup, or by our folders in their arguments. */
async function killProcesses({ cgroup, state }: Owner): Promise<string[]> {
  const inside = (group: string) => group === cgroup || group.startsWith(`${cgroup}/`);
  const left = () =>
    processes().filter(
      ({ cgroups: groups, command }) =>
        groups.some(inside) || (/ (--bundle|-b|--root|--exit-dir)[ =]/.test(command) && command.includes(`${state}/`)),
    );
  const found = left();
  for (const { pid } of found) process.kill(pid, 'SIGKILL');
  for (const end = Date.now() + patienceMs; left().length > 0 && Date.now() < end;) await delay(50);
  return found.map(({ pid, command }) => `process ${pid} ${command.slice(0, 60)}`);
}

/** Last first: a mount may stand on another. */
function removeMounts({ root, state, instance }: Owner): string[] {
  const ours = (point: string) =>
    point.startsWith(`${root}/`) ||
    point.startsWith(`${state}/`) ||
    (instance !== undefined && point.startsWith(`/run/netns/cricket-${instance}-`));
  const points = mounts().flatMap(({ point }) => (ours(point) ? [point] : []));
  return points
    .reverse()
    .filter((point) => run('umount', '--lazy', point))
    .map((point) => `mount ${point}`);
}

function removeNamespaces({ instance }: Owner): string[] {
  if (instance === undefined) return [];
  const names = networkNamespaces().filter((name) => name.startsWith(`cricket-${instance}-`));
  for (const name of names) rmSync(join('/run/netns', name), { force: true });
  return names.map((name) => `network namespace ${name}`);
}

function removeLinks({ bridge, instance }: Owner): string[] {
  const ours = (name: string) =>
    name === bridge || (instance !== undefined && name.startsWith(`ck${instance}`)) || name === `crk${instance ?? ''}`;
  return links()
    .filter(ours)
    .filter((name) => run('ip', 'link', 'delete', name))
    .map((name) => `link ${name}`);
}

function removeTables({ instance }: Owner): string[] {
  if (instance === undefined) return [];
  const tables = nftTables().filter((table) => table.endsWith(` cricket_${instance}`));
  return tables
    .filter((table) => run('nft', 'delete', 'table', ...table.split(' ')))
    .map((table) => `nft table ${table}`);
}

/** Rules that `network.accept_forward` added to chains of others. */
async function removeAccepts({ bridge, instance }: Owner): Promise<readonly string[]> {
  return instance === undefined ? [] : new ForwardGuard(parseInstanceId(instance), bridge, false).remove();
}

function removeCgroups({ cgroup }: Owner): string[] {
  const groups = cgroups(cgroup.slice(1)).filter((group) => group === cgroup || group.startsWith(`${cgroup}/`));
  const hierarchies = mounts().flatMap(({ point, type }) => (type.startsWith('cgroup') ? [point] : []));
  // A unit that loses its cgroup to others may stay for ever.
  if (isSliceName(cgroup) && groups.length > 0) run('systemctl', 'stop', basename(cgroup));
  const gone = groups
    .reverse()
    .filter((group) => hierarchies.map((top) => removeFolder(join(top, group))).includes(true));
  return gone.map((group) => `cgroup ${group}`);
}

function removeFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function run(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    return true;
  } catch (error) {
    // A link goes by itself with the namespace of its other end.
    const text = error instanceof Error ? error.message : String(error);
    if (!text.includes('Cannot find device')) console.error(`down: ${text}`);
    return false;
  }
}

async function main([root, state, cgroup, bridge, instance]: readonly string[]): Promise<void> {
  if (root === undefined || state === undefined || cgroup === undefined || bridge === undefined)
    throw new Error('usage: sweep.ts ROOT STATE CGROUP|default BRIDGE [INSTANCE]');
  for (const path of pathsOf(cgroup))
    for (const what of await sweep({ root, state, cgroup: path, bridge, instance })) console.log(`removed ${what}`);
}

/** By which driver, nobody remembers. */
function pathsOf(parent: string): readonly string[] {
  if (parent === 'default') return ['/cricket', '/cricket.slice'];
  return [isSliceName(parent) ? expandSlice(parent) : parent];
}

// Tests import this file, and mocha loads none with an await outside functions.
if (import.meta.main) void main(process.argv.slice(2));
