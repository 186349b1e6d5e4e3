import { chownSync, closeSync, lstatSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fail } from '../base/errors.ts';
import { mountIdmapped } from './idmapped-mount.ts';
import type { IdmappedMount } from './idmapped-mount.ts';
import { unmount } from './mount.ts';
import { mountOverlay } from './overlay.ts';
import type { Overlay } from './overlay.ts';
import { removeTree } from './remove-tree.ts';

/** For whom owners are shifted. */
export interface Shift {
  /** A file of a user namespace: a pin, or /proc/PID/ns/user. */
  readonly userNamespace: string;
  /** Whom root inside is outside. */
  readonly root: { readonly uid: number; readonly gid: number };
}

export interface StagedShift extends Shift {
  /** A directory of the caller's, for a mount while the overlay is made. */
  readonly staging: string;
}

type ShiftedOverlay = Overlay & { readonly bottom?: readonly string[] };

/**
 * An overlay whose lower layers are seen with shifted owners, and whose root is the namespace's root's. The mount of
 * the layers' directory stands at `staging` only while the overlay is made, which keeps copies of its own. Errors:
 * `failed_precondition` where the file system of the layers cannot.
 */
export function mountShiftedOverlay(overlay: ShiftedOverlay, shift: StagedShift): void {
  const { lower, bottom = [], write } = overlay;
  const { staging } = shift;
  if (write !== undefined) chownSync(write.upper, shift.root.uid, shift.root.gid);
  const from = commonDirectory(lower);
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  try {
    if (lower.length > 0) mountOne({ source: from, target: staging, readonly: true }, shift);
    const shifted = lower.map((layer) => join(staging, relative(from, layer)));
    mountOverlay({ ...overlay, lower: [...shifted, ...bottom] });
  } finally {
    while (unmount(staging));
    removeTree(staging);
  }
}

/** A path that a user named, with shifted owners, at a target that is made. Errors: `failed_precondition`. */
export function mountShifted(mount: IdmappedMount, shift: Pick<Shift, 'userNamespace'>): void {
  mkdirSync(dirname(mount.target), { recursive: true, mode: 0o700 });
  if (statSync(mount.source).isDirectory()) mkdirSync(mount.target, { mode: 0o700 });
  else writeFileSync(mount.target, '', { mode: 0o600, flag: 'wx' });
  mountOne(mount, shift);
}

/** Whether owners below a directory can be shifted for an overlay too. The mounts are gone when this returns. */
export function canShift(directory: string, userNamespace: string): boolean {
  const place = join(directory, 'probe');
  const [lower, target, write] = [join(place, 'lower'), join(place, 'merged'), join(place, 'write')];
  try {
    const own = { upper: join(write, 'upper'), work: join(write, 'work') };
    for (const path of [join(lower, 'layer'), target, own.upper, own.work]) mkdirSync(path, { recursive: true });
    writeFileSync(join(lower, 'layer/file'), '');
    const root = { uid: 0, gid: 0 };
    const shift = { userNamespace, root, staging: join(place, 'staging') };
    mountShiftedOverlay({ lower: [join(lower, 'layer')], write: own, target }, shift);
    return lstatSync(join(target, 'file')).uid !== 0;
  } catch {
    return false;
  } finally {
    while (unmount(target));
    removeTree(place);
  }
}

function mountOne(mount: IdmappedMount, { userNamespace }: Pick<Shift, 'userNamespace'>): void {
  const namespace = openSync(userNamespace, 'r');
  try {
    if (mountIdmapped(mount, namespace)) return;
  } finally {
    closeSync(namespace);
  }
  throw fail(
    'failed_precondition',
    `the file system of ${mount.source} cannot show files with the owners of a user namespace (idmapped mounts): ext4, xfs and btrfs can, tmpfs since Linux 6.3, NFS not; use another one, or hostUsers: true`,
  );
}

/** The deepest directory that holds all of these. */
function commonDirectory(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => dirname(path).split(sep));
  const end = first.findIndex((word, index) => others.some((other) => other[index] !== word));
  return first.slice(0, end < 0 ? first.length : end).join(sep) || sep;
}
