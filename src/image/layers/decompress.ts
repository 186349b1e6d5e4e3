import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

export type Compression = 'gzip' | 'zstd' | 'none';

/** A piece of a file. Bytes. */
export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
}

const pieceSize = 64 * 1024;

/** What the first bytes say; the media type of a layer is known to lie. */
export async function compressionOf(range: FileRange): Promise<Compression> {
  await using file = await open(range.file, 'r');
  const head = Buffer.alloc(4);
  await file.read(head, 0, Math.min(4, range.size), range.offset);
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const word = head.readUInt32LE(0);
  // A zstd stream may begin with a skippable frame.
  return word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50 ? 'zstd' : 'none';
}

/** The bytes of a range, decompressed as they are read, in the pool's threads, ahead of who consumes them. */
export async function decompressed(range: FileRange): Promise<Readable> {
  const compression = await compressionOf(range);
  const source = createReadStream(range.file, {
    start: range.offset,
    end: range.offset + range.size - 1,
    highWaterMark: pieceSize,
  });
  const inflate = decompressor(compression);
  return inflate === undefined ? source : pipeline(source, inflate, () => undefined);
}

function decompressor(compression: Compression): Transform | undefined {
  const options = { chunkSize: pieceSize };
  if (compression === 'gzip') return createGunzip(options);
  return compression === 'zstd' ? createZstdDecompress(options) : undefined;
}
