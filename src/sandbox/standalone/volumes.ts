import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, fail } from '../../base/errors.ts';
import type { ContainerRecord } from '../container/record.ts';
import type { Parts } from '../parts.ts';
import { madeAlone } from './standalone.ts';

/** What names may be: those of Docker. */
export const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

export interface NamedVolume {
  readonly name: string;
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Names of containers that mount it, ended ones too. */
  readonly users: readonly string[];
}

type VolumeParts = Pick<Parts, 'disk' | 'locks' | 'paths' | 'store'>;

/**
 * Makes the volumes with names that a container of `cricket run` mounts and that are not there yet, each with what the
 * image has at its place, as Docker does. Whole or not at all: it is made elsewhere first.
 */
export async function makeNamedVolumes(
  { disk, locks, paths, store }: VolumeParts,
  { id, podId, config }: ContainerRecord,
  signal: AbortSignal,
): Promise<void> {
  const pod = store.pods.get(podId);
  if (pod === undefined || !madeAlone(pod)) return;
  const { rootfs, volumes } = paths.container(id);
  for (const { hostPath, containerPath } of config.mounts) {
    if (dirname(hostPath) !== paths.volumes) continue;
    using _held = await locks.acquire(`volume ${hostPath}`, signal);
    if (await isThere(hostPath)) continue;
    const to = join(volumes, 'named');
    await disk.call('seedDirectory', { root: rootfs, path: containerPath, to, owner: { uid: 0, gid: 0 } }, signal);
    await mkdir(paths.volumes, { recursive: true, mode: 0o700 });
    await rename(to, hostPath);
  }
}

/** By name. */
export async function listVolumes({ paths, store }: VolumeParts): Promise<readonly NamedVolume[]> {
  const names = await readdir(paths.volumes).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const all = await Promise.all(
    names.sort().map(async (name) => {
      const path = join(paths.volumes, name);
      const found = await stat(path).catch(() => undefined);
      return found === undefined ? [] : [{ name, path, createdAt: found.birthtimeMs, users: usersOf(store, path) }];
    }),
  );
  return all.flat();
}

/** Errors: `not_found`, `failed_precondition` for one that a container mounts. */
export async function removeVolume(
  { disk, locks, paths, store }: VolumeParts,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const path = join(paths.volumes, name);
  if (!volumeName.test(name) || !(await isThere(path)))
    throw fail('not_found', `there is no volume ${JSON.stringify(name.slice(0, 128))}; cricket volumes ls tells which`);
  // Who mounts it is in the store before it takes the same lock.
  using _held = await locks.acquire(`volume ${path}`, signal);
  const users = usersOf(store, path);
  if (users.length > 0)
    throw fail('failed_precondition', `volume ${name} is that of ${users.join(', ')}; remove what uses it first`);
  await disk.call('removeTree', path, signal);
}

function usersOf(store: Parts['store'], path: string): readonly string[] {
  const uses = (hostPath: string) => hostPath === path || hostPath.startsWith(`${path}/`);
  return [...store.containers.values()]
    .filter(({ record }) => record.config.mounts.some(({ hostPath }) => uses(hostPath)))
    .map(({ record }) => record.config.name)
    .sort();
}

async function isThere(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  return found !== undefined;
}
