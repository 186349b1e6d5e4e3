import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { errnoOf, fail } from '../../base/errors.ts';
import { closeFd, openDirectory, openFlags, openInRoot } from '../../linux/fs-at.ts';
import { listXattrs, readXattr } from '../../linux/fs-xattr.ts';
import { demandSpace } from '../space.ts';
import { packedHeader, packedPadding } from './pack-header.ts';
import type { PackedEntry } from './pack-header.ts';

export interface PackOrder {
  /** The writable directory of an overlay. */
  readonly upper: string;
  /** Paths from the root that are not the container's doing: mount points. UTF-8. */
  readonly leaveOut: readonly string[];
  /** A new file. */
  readonly file: string;
}

export interface Packed {
  readonly diffId: string;
  /** Bytes. */
  readonly size: number;
}

const pieceBytes = 1 << 18;
const spaceBytes = 32 << 20;
/** Those that a layer may have: see image.md of the OCI; the overlay's own and labels of the host stay here. */
const keptXattrs = /^(user\.(?!overlay\.)|security\.capability$|system\.posix_acl_)/;
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/**
 * Writes what an overlay's upper directory holds as the archive of a layer (layer.md of the OCI: whiteouts, opaque
 * directories), parents first, names in order, times in seconds: the same content gives the same diffID. Its links are
 * not followed, and what changes meanwhile can be torn, not lead out. Sockets are left out. Errors:
 * `failed_precondition` for a name that a layer cannot have, `resource_exhausted` on a full disk.
 */
export function packUpper(order: PackOrder): Packed {
  const left = new Set(order.leaveOut.map((path) => Buffer.from(path).toString('latin1')));
  const root = openDirectory(order.upper);
  try {
    using output = new Output(order.file);
    const packer = { root, output, left, links: new Map<bigint, string>() };
    const line = [''];
    for (let path = line.pop(); path !== undefined; path = line.pop())
      line.push(...packDirectory(packer, path).reverse());
    return output.end();
  } finally {
    closeFd(root);
  }
}

interface Packer {
  readonly root: number;
  readonly output: Output;
  readonly left: ReadonlySet<string>;
  /** Inode → the first name of it. */
  readonly links: Map<bigint, string>;
}

/** The members of one directory; answers those that are directories themselves. */
function packDirectory({ root, output, left, links }: Packer, path: string): string[] {
  const { directory, noFollow } = openFlags;
  const fd = openInRoot(root, `.${path}`, directory | noFollow);
  if (fd === undefined) return [];
  try {
    const here = `/proc/self/fd/${fd}`;
    const below: string[] = [];
    if (readXattr(Buffer.from(`${here}/.`, 'latin1'), 'trusted.overlay.opaque')?.toString() === 'y')
      output.member(empty(`${path}/${opaque}`));
    for (const name of readdirSync(Buffer.from(here), { encoding: 'latin1' }).sort()) {
      const at = `${path}/${name}`;
      if (left.has(at)) continue;
      const full = Buffer.from(`${here}/${name}`, 'latin1');
      const stat = lstatSync(full, { bigint: true, throwIfNoEntry: false });
      if (stat === undefined || stat.isSocket()) continue;
      if (name.startsWith(whiteout))
        throw fail(
          'failed_precondition',
          `${JSON.stringify(at)} cannot be in an image: layers mean deletions by .wh.; rename it`,
        );
      if (stat.isCharacterDevice() && stat.rdev === 0n) output.member(empty(`${path}/${whiteout}${name}`));
      else if (pack(output, links, { at, full, stat })) below.push(at);
    }
    return below;
  } finally {
    closeFd(fd);
  }
}

interface Found {
  readonly at: string;
  readonly full: Buffer;
  readonly stat: BigIntStats;
}

/** @returns whether it is a directory. */
function pack(output: Output, links: Map<bigint, string>, { at, full, stat }: Found): boolean {
  const first = stat.isDirectory() || stat.nlink === 1n ? undefined : links.get(stat.ino);
  if (first !== undefined) {
    output.member({ ...entryOf(at, stat, '1'), linkName: first.slice(1) });
    return false;
  }
  const xattrs = listXattrs(full)
    .filter((name) => keptXattrs.test(name))
    .sort()
    .map((name) => [name, readXattr(full, name) ?? Buffer.alloc(0)] as const);
  if (stat.isFile()) {
    if (!packFile(output, full, { ...entryOf(at, stat, '0'), xattrs })) return false;
  } else if (stat.isDirectory()) output.member({ ...entryOf(`${at}/`, stat, '5'), xattrs });
  else if (stat.isSymbolicLink()) {
    const linkName = unlessGone(() => readlinkSync(full, { encoding: 'latin1' }));
    if (linkName === undefined) return false;
    output.member({ ...entryOf(at, stat, '2'), linkName });
  } else if (stat.isFIFO()) output.member(entryOf(at, stat, '6'));
  else output.member({ ...entryOf(at, stat, stat.isBlockDevice() ? '4' : '3'), ...deviceOf(stat.rdev) });
  if (!stat.isDirectory() && stat.nlink > 1n) links.set(stat.ino, at);
  return stat.isDirectory();
}

/** As long as it was when it was found: what grows is cut, what shrinks is filled with zeros; what went is left out: false. */
function packFile(output: Output, path: Buffer, entry: PackedEntry): boolean {
  const fd = unlessGone(() => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  if (fd === undefined) return false;
  try {
    output.member(entry);
    const piece = Buffer.alloc(pieceBytes);
    for (let left = entry.size; left > 0;) {
      const wanted = Math.min(left, piece.length);
      const got = readSync(fd, piece, 0, wanted, null);
      if (got === 0) piece.fill(0);
      const bytes = got === 0 ? wanted : got;
      output.write(piece.subarray(0, bytes));
      left -= bytes;
    }
    output.write(packedPadding(entry.size));
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Undefined where somebody has removed it meanwhile, or put another kind of file in its place. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EINVAL', 'ENXIO'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function entryOf(at: string, stat: BigIntStats, type: PackedEntry['type']): PackedEntry {
  return {
    ...empty(at),
    type,
    ...{ mode: Number(stat.mode & 0o7777n), uid: Number(stat.uid), gid: Number(stat.gid) },
    size: type === '0' ? Number(stat.size) : 0,
    mtime: Number(stat.mtimeNs / 1_000_000_000n),
  };
}

const empty = (at: string): PackedEntry => ({
  ...{ name: at.slice(1), type: '0', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 },
  ...{ linkName: '', major: 0, minor: 0, xattrs: [] },
});

/** makedev(3). */
const deviceOf = (device: bigint) => ({
  major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
  minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn)),
});

class Output implements Disposable {
  readonly #file: string;
  readonly #fd: number;
  readonly #hash = createHash('sha256');
  #size = 0;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, 'wx', 0o600);
  }

  member(entry: PackedEntry): void {
    this.write(packedHeader(entry));
  }

  write(bytes: Buffer): void {
    if (this.#size % spaceBytes < bytes.length) demandSpace(this.#file);
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    this.#size += bytes.length;
  }

  end(): Packed {
    this.write(Buffer.alloc(1024));
    return { diffId: `sha256:${this.#hash.digest('hex')}`, size: this.#size };
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
