import { posix } from 'node:path';
import type { BindFacts } from '../../linux/disk-worker.ts';
import type { DiskPool } from '../../linux/disk.ts';
import type { BindMount, SpecInput } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import type { ContainerRecord } from './record.ts';
import { runtimeOf } from './release.ts';

type Binds = Pick<SpecInput, 'mounts' | 'podMounts'>;
type Given = readonly (readonly [mount: BindMount, facts: BindFacts])[];

/** What a mount namespace of a user namespace cannot take off the mounts it was made of (mount_namespaces(7)). */
const lockedFlags = ['nosuid', 'nodev', 'noexec'];
const surveyTimeoutMs = 10_000;

/**
 * Binds as an OCI runtime in a user namespace can make them: with the flags that their sources have, which it may not
 * clear (runc 1.1 tries to, and fails), and with what is mounted below them by name where the runtime forgets it (crun 1.8).
 */
export async function bindsInside(
  parts: Pick<Parts, 'disk' | 'features' | 'hostPaths' | 'runtimes' | 'settings'>,
  record: ContainerRecord,
  { mounts, podMounts }: Binds,
  signal: AbortSignal,
): Promise<Binds> {
  const { bindsBelow } = await parts.features.of(runtimeOf(parts, record.handler));
  const settle = async (pool: DiskPool, binds: readonly BindMount[]) => {
    const paths = binds.map(({ hostPath }) => hostPath);
    const facts = await pool.callWithin(surveyTimeoutMs, 'surveyBinds', paths, signal);
    return settled(zip(binds, facts), bindsBelow);
  };
  const own = mounts.length === 0 ? [] : await settle(parts.hostPaths, mounts);
  // What the pod gives is ours: the worker for it runs already.
  const ofPod = await settle(parts.disk, podMounts);
  return { mounts: own, podMounts: ofPod };
}

const zip = (binds: readonly BindMount[], facts: readonly BindFacts[]): Given =>
  binds.flatMap((bind, index) => {
    const found = facts[index];
    return found === undefined ? [] : [[bind, found]];
  });

/** A mount that the container asks for itself below another one's goes before what that one has there. */
export function settled(given: Given, bindsBelow: boolean): readonly BindMount[] {
  const asked = new Set(given.map(([{ containerPath }]) => posix.resolve('/', containerPath)));
  return given.flatMap(([mount, { options, below }]) => {
    const own = { ...mount, readonly: mount.readonly || options.includes('ro'), options: withLocked(mount, options) };
    if (bindsBelow) return [own];
    const parts = below.map((path) => ({
      ...mount,
      hostPath: posix.join(mount.hostPath, path),
      containerPath: posix.join(mount.containerPath, path),
      readonly: mount.recursiveReadonly,
    }));
    return [own, ...parts.filter(({ containerPath }) => !asked.has(posix.resolve('/', containerPath)))];
  });
}

function withLocked({ options }: BindMount, ofSource: readonly string[]): readonly string[] {
  const more = lockedFlags.filter((flag) => ofSource.includes(flag) && !options.includes(flag));
  return [...options, ...more];
}
