import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import { digestOf } from '../../../hack/lib/oci/image.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { LayerUsage } from '../../../src/image/layers/layer-writer.ts';
import { Meter } from '../../../src/image/layers/meter.ts';
import { unpackLayer } from '../../../src/image/layers/unpack.ts';
import { parseDigest } from '../../../src/image/reference/digest.ts';
import { openImages } from '../../../src/image/service.ts';
import type { ImageOptions, Images } from '../../../src/image/service.ts';
import { patience } from '../../fixtures/pace.ts';

/** A new directory on a disk that has overlayfs' attributes, which a tmpfs under /tmp may lack. */
export const workDirectory = (): string => mkdtempSync('/var/tmp/cricket-images-');

/** A signal for what should take a moment. */
export const soon = (): AbortSignal => AbortSignal.timeout(patience(30_000));

/** A store of the test's own. */
export async function openStore(root: string, options: Partial<ImageOptions> = {}): Promise<Images> {
  const images = await openImages({
    root,
    registry: { certsDir: join(root, 'certs.d'), plainHttpHosts: [] },
    pinned: [],
    log: silentLogger(),
    ...options,
  });
  await images.collect(soon());
  return images;
}

/** What a caught error is, for `expect(await errorOf(…)).to.include({ code })`. */
export async function errorOf(work: Promise<unknown>): Promise<{ readonly code?: unknown; readonly message: string }> {
  return work.then(
    () => ({ message: 'no error' }),
    (error: unknown) => error as Error,
  );
}

/** Directories of layers, half made ones included. */
export const layersIn = (root: string): readonly string[] => readdirSync(join(root, 'layers'));

/** Unpacks one layer, without a store or a Worker, into DIRECTORY/NAME. */
export async function unpack(directory: string, name: string, tar: Buffer): Promise<LayerUsage & { path: string }> {
  const path = join(directory, name);
  mkdirSync(path);
  writeFileSync(`${path}.tar`, tar);
  const usage = await unpackLayer(
    {
      source: { file: `${path}.tar`, offset: 0, size: tar.length },
      target: path,
      diffId: parseDigest(digestOf(tar)),
      limits: { maxEntries: 10_000, maxBytes: 2 ** 30, maxExpansion: 500 },
    },
    new Meter(tar.length).shared,
  );
  return { ...usage, path };
}

/** The same for what need not be a tar; its diffID is not what is tried. */
export const unpackBlob = (directory: string, name: string, blob: Buffer) => unpack(directory, name, blob);

export const unpackEntries = (directory: string, name: string, entries: readonly TarEntry[]) =>
  unpack(directory, name, encodeTar(entries));

/** Runs `see` with the layers, bottom first, stacked by overlayfs. */
export function stacked<T>(directory: string, layers: readonly string[], see: (merged: string) => T): T {
  const [merged, upper, work] = ['stack/merged', 'stack/upper', 'stack/work'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [merged, upper, work]) mkdirSync(path, { recursive: true });
  const lower = [...layers].reverse().join(':');
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]);
  try {
    return see(merged);
  } finally {
    execFileSync('umount', [merged]);
    rmSync(join(directory, 'stack'), { recursive: true });
  }
}

/** Every name below a directory with type, mode, owner, size, time and link, by GNU find. */
export function listing(directory: string): readonly string[] {
  const format = '%P %y %m %U:%G %s %T@ %l %n\\n';
  const args = [
    directory,
    '-mindepth',
    '1',
    '(',
    '-type',
    'd',
    '-printf',
    '%P d %m %U:%G %T@\\n',
    ')',
    '-o',
    '-printf',
    format,
  ];
  return execFileSync('find', args, { encoding: 'utf8', maxBuffer: 1 << 26 })
    .split('\n')
    .sort();
}

const libc = koffi.load('libc.so.6');
const cList = libc.func('int64_t llistxattr(const char *path, void *list, size_t size)');
const cGet = libc.func('int64_t lgetxattr(const char *path, const char *name, void *value, size_t size)');

/** Attributes of a file by name, values in hex. */
export function xattrsOf(path: string): Readonly<Record<string, string>> {
  const buffer = Buffer.alloc(65_536);
  const names = buffer
    .toString('utf8', 0, Number(cList(path, buffer, buffer.length)))
    .split('\0')
    .filter(Boolean);
  return Object.fromEntries(
    names.map((name) => [name, buffer.toString('hex', 0, Number(cGet(path, name, buffer, buffer.length)))]),
  );
}
