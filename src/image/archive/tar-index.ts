import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { fail } from '../../base/errors.ts';
import type { FileRange } from '../layers/decompress.ts';
import { cleanEntryPath, joinPath } from '../layers/entry-path.ts';
import { composeEntry, noExtensions } from '../layers/tar-entry.ts';
import type { Extensions } from '../layers/tar-entry.ts';
import { blockSize, parseHeader } from '../layers/tar-header.ts';
import { parsePaxRecords } from '../layers/tar-pax.ts';

const maxMembers = 100_000;
const maxExtension = 1 << 20;

/** The files of an uncompressed archive by path, found by their headers alone: nothing is copied. */
export async function indexArchive(file: string): Promise<ReadonlyMap<string, FileRange>> {
  await using handle = await open(file, 'r');
  const { size: end } = await handle.stat();
  const files = new Map<string, FileRange>();
  const links: [string, string][] = [];
  let extensions: Extensions = noExtensions;
  let count = 0;
  for (let at = 0; at + blockSize <= end;) {
    const header = parseHeader(await readAt(handle, at, blockSize));
    if (header === undefined) break;
    at += blockSize;
    if (++count > maxMembers) throw fail('resource_exhausted', `${file} has more than ${maxMembers} members`);
    if ('xgLK'.includes(header.type)) {
      if (header.size < 0 || header.size > maxExtension) throw fail('invalid_argument', `${file} has a damaged header`);
      extensions = extended(extensions, header.type, await readAt(handle, at, header.size));
      at += padded(header.size);
      continue;
    }
    const entry = composeEntry(header, extensions);
    extensions = noExtensions;
    const path = cleanEntryPath(entry.name);
    if (path === undefined) continue;
    const name = joinPath(path.directory, path.name);
    if (entry.type === 'file') files.set(name, { file, offset: at, size: entry.size });
    // docker save once wrote a layer that several images share as a link.
    else if (entry.type === 'symlink') links.push([name, `${path.directory}/${entry.linkName}`]);
    else if (entry.type === 'link') links.push([name, entry.linkName]);
    at += padded(entry.size);
    if (at > end) throw fail('invalid_argument', `${file} is cut off`);
  }
  for (const [name, target] of links) {
    const path = cleanEntryPath(target);
    const range = path === undefined ? undefined : files.get(joinPath(path.directory, path.name));
    if (range !== undefined) files.set(name, range);
  }
  return files;
}

/** All of a small member. Errors: `invalid_argument` when it is absent, `resource_exhausted` beyond `limit`. */
export async function readMember(files: ReadonlyMap<string, FileRange>, name: string, limit: number): Promise<Buffer> {
  const range = files.get(name);
  if (range === undefined) throw fail('invalid_argument', `the archive has no ${name}`);
  if (range.size > limit) throw fail('resource_exhausted', `${name} of the archive is longer than ${limit} bytes`);
  await using handle = await open(range.file, 'r');
  return await readAt(handle, range.offset, range.size);
}

const padded = (size: number) => Math.ceil(size / blockSize) * blockSize;

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, at);
  if (bytesRead < length) throw fail('invalid_argument', 'the archive is cut off');
  return buffer;
}

function extended(before: Extensions, type: string, body: Buffer): Extensions {
  const text = body.toString('latin1').replace(/\0.*$/s, '');
  if (type === 'L') return { ...before, longName: text };
  if (type === 'K') return { ...before, longLink: text };
  return type === 'x' ? { ...before, pax: parsePaxRecords(body) } : before;
}
