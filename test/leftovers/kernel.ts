import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What this machine has that a container runtime could have left; each list is of plain names. */

/** Links of the host's network. */
export const links = (): string[] => entries('/sys/class/net');

/** Pinned network namespaces. */
export const networkNamespaces = (): string[] => entries('/run/netns');

/** nftables tables as `ip cricket_ab12`; none where there is no nft. */
export function nftTables(): string[] {
  try {
    const text = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.split('\n').flatMap((line) => (line.startsWith('table ') ? [line.slice('table '.length)] : []));
  } catch {
    return [];
  }
}

interface Mount {
  readonly point: string;
  readonly type: string;
}

export function mounts(): Mount[] {
  return lines('/proc/self/mountinfo').map((line) => {
    const [left = '', right = ''] = line.split(' - ');
    return { point: unescape(left.split(' ')[4] ?? ''), type: right.split(' ')[0] ?? '' };
  });
}

/** Cgroups whose first part begins with `prefix`, as `/cricket/a/b`, over all hierarchies. */
export function cgroups(prefix: string): string[] {
  const hierarchies = mounts().filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
  const found = hierarchies.flatMap(({ point }) => {
    const top = folders(point).filter((name) => name.startsWith(prefix));
    return top.flatMap((name) => [`/${name}`, ...below(point, `/${name}`)]);
  });
  return [...new Set(found)].sort();
}

export interface Process {
  readonly pid: number;
  /** Differs from that of an earlier process with the same pid. */
  readonly started: string;
  readonly command: string;
  readonly environment: readonly string[];
  /** Paths in all hierarchies. */
  readonly cgroups: readonly string[];
}

/** Everything that runs, without zombies. */
export function processes(): Process[] {
  return entries('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
}

function readProcess(pid: number): Process | undefined {
  const stat = text(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return {
    pid,
    started: fields[19] ?? '',
    command: text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim(),
    environment: text(`/proc/${pid}/environ`).split('\0'),
    cgroups: lines(`/proc/${pid}/cgroup`).map((line) => line.slice(line.indexOf(':', line.indexOf(':') + 1) + 1)),
  };
}

/** Names in a folder; none where it is not there. */
export function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function folders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

function below(hierarchy: string, group: string): string[] {
  const children = folders(join(hierarchy, group)).map((name) => `${group}/${name}`);
  return children.flatMap((child) => [child, ...below(hierarchy, child)]);
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const lines = (path: string): string[] => text(path).split('\n').slice(0, -1);

/** mountinfo writes a space as \040. */
const unescape = (point: string): string =>
  point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
