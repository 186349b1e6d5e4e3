import { readFileSync, readlinkSync } from 'node:fs';
import { entries, processes } from '../../test/leftovers/kernel.ts';
import type { Process } from '../../test/leftovers/kernel.ts';
import type { Contestant } from './contestant.ts';
import { workload } from './kubelet-config.ts';

export interface MemoryPoint {
  readonly pods: number;
  /** MiB, proportional share, of the process behind the socket and of its children that serve no single pod. */
  readonly daemon: number;
  /** MiB a pod of all processes that are there for one pod: monitors, shims, pause, without what the pod runs. */
  readonly helpers: number;
  /** Their names and how many there are, as `containerd-shim 50, pause 50`. */
  readonly helperNames: string;
}

/** Errors: when no process listens on the socket. */
export function readMemory({ endpoint, cgroup, standing }: Contestant): MemoryPoint {
  const ids = standing.flatMap(({ id, container }) => [id, container]);
  const daemon = listener(endpoint.replace('unix://', ''));
  const all = processes();
  const helpers = helpersOf(all, ids, cgroup);
  const children = all.filter((one) => parentOf(one.pid) === daemon && !helpers.includes(one) && !isWorkload(one));
  const sum = (pids: readonly number[]) => pids.reduce((kib, pid) => kib + pss(pid), 0) / 1024;
  return {
    pods: standing.length,
    daemon: sum([daemon, ...children.map(({ pid }) => pid)]),
    helpers: sum(helpers.map(({ pid }) => pid)) / Math.max(1, standing.length),
    helperNames: countNames(helpers.map(({ pid }) => read(`/proc/${pid}/comm`).trim())),
  };
}

/** What names a pod or container of ours in its arguments, or sits in the cgroup of one, and is not what we asked for. */
export function helpersOf(all: readonly Process[], ids: readonly string[], cgroup: string): Process[] {
  const known = new Set(ids);
  return all.filter(
    (one) =>
      !isWorkload(one) &&
      ((one.command.match(/[0-9a-f]{64}/g) ?? []).some((id) => known.has(id)) ||
        one.cgroups.some((group) => group.startsWith(`${cgroup}/`))),
  );
}

const isWorkload = ({ command }: Process): boolean => command === workload.join(' ');

function countNames(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}

/** The process that holds the listening end of a unix socket: the last one, as systemd may hold it too. */
export function listener(path: string): number {
  const isListening = (fields: readonly string[]) => fields[3] === '00010000' && fields[7] === path;
  const rows = read('/proc/net/unix').split('\n');
  const inode = rows.map((row) => row.trim().split(/\s+/)).find(isListening)?.[6];
  const pids = entries('/proc').filter((name) => /^\d+$/.test(name));
  const held = (pid: string) => entries(`/proc/${pid}/fd`).some((fd) => link(`/proc/${pid}/fd/${fd}`) === inode);
  const holders = inode === undefined ? [] : pids.filter(held).map(Number);
  // A child of the daemon on its way to another program holds it too, for a moment.
  const found = holders.findLast((pid) => !holders.some((other) => other !== 1 && other === parentOf(pid)));
  if (found === undefined) throw new Error(`no process listens on ${path}`);
  return found;

  function link(file: string): string | undefined {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(file))?.[1];
    } catch {
      return undefined;
    }
  }
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** KiB; 0 for a process that has ended. */
function pss(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
