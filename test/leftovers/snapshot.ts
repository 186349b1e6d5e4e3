import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cgroups, entries, links, mounts, networkNamespaces, nftTables, processes } from './kernel.ts';
import type { Process } from './kernel.ts';

/** Everything on this machine that bears a name of ours: `link crkab12`, `mount /run/netns/cricket-ab12-…`. */
export type Snapshot = ReadonlySet<string>;

export interface Scope {
  /** Instance of a daemon that is none of the test's business: what it makes meanwhile does not count. */
  readonly except?: string | undefined;
  /** Counts what the installed service has too; without it, the service is none of the test's business. */
  readonly service?: boolean;
  /** Counts only lines that match. */
  readonly only?: RegExp;
  /** Names in the environment, as `NAME=value`, that a process of the test has inherited. */
  readonly mark?: string;
}

/** Folders whose `cricket…` entries are ours. */
const homes = () => ['/run', '/usr/lib', '/var/cache', '/var/lib', '/var/log', '/var/log/pods', tmpdir()];
const serviceFile = /^\/(run|var\/lib|var\/log|var\/cache|usr\/lib)\/cricket(\.log)?(\/|$)/;
/** Built tools and images, which are there between runs. */
const cache = /^\/var\/cache\/cricket-lab(\/|$)/;
/** What hack/vm/run and a lane in a machine keep while one runs beside the tests, and take away themselves. */
const machine = /\/cricket-(vm\.|disk-)[^/]*$/;
const ourPath = /^\/(run|tmp|usr|var)\/(.*\/)?(default_demo_)?cricket/;

export function snapshot({ except, mark, service = false, only = /^/ }: Scope = {}): Snapshot {
  const foreign = (name: string) => except !== undefined && name.includes(except);
  const ours = (names: readonly string[], pattern: RegExp) =>
    names.filter((name) => pattern.test(name) && !foreign(name));
  const points = mounts().map(({ point }) => point);
  const groups = cgroups('cricket').filter((group) => service || !isServiceGroup(group));
  const counts = (path: string) => !cache.test(path) && !machine.test(path) && (service || !serviceFile.test(path));
  const files = homes().flatMap((home) => entries(home).map((name) => join(home, name)));
  const all = [
    ...ours(links(), service ? /^(crk|ck|cricket)[0-9a-f]/ : /^(crk|ck)[0-9a-f]{4}/).map((name) => `link ${name}`),
    ...ours(networkNamespaces(), /^cricket-/).map((name) => `netns ${name}`),
    ...ours(nftTables(), / cricket_/).map((name) => `nft table ${name}`),
    ...ours(points, ourPath).flatMap((point) => (counts(point) ? [`mount ${point}`] : [])),
    ...groups.map((group) => `cgroup ${group}`),
    ...ours(files, ourPath).flatMap((file) => (counts(file) ? [`file ${file}`] : [])),
    ...processes().flatMap((process) => (isOurs(process, mark) ? [`process ${process.pid} ${nameOf(process)}`] : [])),
  ];
  return new Set(all.filter((line) => only.test(line)));
}

/** What is in `after` and was not in `before`. */
export function diff(before: Snapshot, after: Snapshot): string[] {
  return [...after].filter((name) => !before.has(name)).sort();
}

/**
 * What is left since `before`, once that no longer changes for the better: the kernel ends some things late.
 * Waits `patienceMs` at most, and not at all when nothing is left.
 */
export async function leftSince(before: Snapshot, scope: Scope, patienceMs: number): Promise<string[]> {
  const end = performance.now() + patienceMs;
  let left = diff(before, snapshot(scope));
  while (left.length > 0 && performance.now() < end) {
    await delay(100);
    left = diff(before, snapshot(scope));
  }
  return left;
}

/** `/cricket` and all below it is the service's; tests have `/cricket-test…`. */
const isServiceGroup = (group: string): boolean => group === '/cricket' || group.startsWith('/cricket/');

/** What runs in a cgroup of ours keeps that cgroup: it needs no line of its own. */
function isOurs({ pid, environment }: Process, mark: string | undefined): boolean {
  return mark !== undefined && pid !== globalThis.process.pid && environment.includes(mark);
}

const nameOf = ({ started, command }: Process): string => `(started ${started}) ${command.slice(0, 160)}`;
