import { closeSync, constants, copyFileSync, linkSync, lstatSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { readlinkSync, symlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { chmodAt, chownAt, mknodAt, timesAt } from './fs-at.ts';
import { listXattrs, readXattr, setXattr } from './fs-xattr.ts';

/** AT_FDCWD: a path stands for itself. */
const here = -100;
const billion = 1_000_000_000n;

/**
 * Copies a directory to one that is not there yet, as `cp -a`: owners, modes, times, attributes, links, devices.
 * Links are copied, never followed; names may be any bytes. It may wait for a disk: call it from a Worker.
 */
export function copyTree(from: string, to: string): void {
  copyEntry(Buffer.from(from), Buffer.from(to), new Map());
}

/** `linked`: files of several names, by device and inode, and the first copy of each. */
function copyEntry(from: Buffer, to: Buffer, linked: Map<string, Buffer>): void {
  const stat = lstatSync(from, { bigint: true });
  const key = `${stat.dev}:${stat.ino}`;
  const first = linked.get(key);
  if (first !== undefined) {
    linkSync(first, to);
    return;
  }
  if (stat.nlink > 1n && !stat.isDirectory()) linked.set(key, to);
  if (stat.isDirectory()) {
    mkdirSync(to, { mode: 0o700 });
    for (const name of readdirSync(from, { encoding: 'buffer' })) copyEntry(child(from, name), child(to, name), linked);
  } else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to);
  else if (stat.isFile()) copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else mknodAt(here, to.toString('latin1'), Number(stat.mode), stat.rdev);
  copyFacts(from, to, stat);
}

/** The owner before the mode, which it would take setuid from; attributes after both, times last. */
function copyFacts(from: Buffer, to: Buffer, stat: BigIntStats): void {
  const name = to.toString('latin1');
  chownAt(here, name, { uid: Number(stat.uid), gid: Number(stat.gid) });
  if (!stat.isSymbolicLink()) chmodAt(here, name, Number(stat.mode & 0o7777n));
  if (stat.isFile() || stat.isDirectory()) copyXattrs(from, to);
  timesAt(here, name, { seconds: Number(stat.mtimeNs / billion), nanos: Number(stat.mtimeNs % billion) });
}

function copyXattrs(from: Buffer, to: Buffer): void {
  const names = listXattrs(from);
  if (names.length === 0) return;
  const target = openSync(to, 'r');
  try {
    for (const name of names) setXattr(target, name, readXattr(from, name) ?? Buffer.alloc(0));
  } finally {
    closeSync(target);
  }
}

const child = (directory: Buffer, name: Buffer) => Buffer.concat([directory, Buffer.from('/'), name]);
