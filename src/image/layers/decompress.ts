import { open } from 'node:fs/promises';
import { Readable, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import { bytesBeyond } from './meter.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

/** A piece of a file. Bytes. */
export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
}

/** Large enough that the hops between threads do not count, small enough for several layers at once. */
const pieceSize = 256 * 1024;

/** 32 MiB, what `zstd -20` needs: a window is memory that the layer decides on, and it may ask for 2 GiB. */
const largestWindowLog = 25;

/** What the first bytes say; the media type of a layer is known to lie. */
export function compressionOf(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const word = head.length < 4 ? 0 : head.readUInt32LE(0);
  // A zstd stream may begin with a skippable frame.
  return word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50 ? 'zstd' : 'none';
}

export async function compressionOfFile(path: string): Promise<Compression> {
  await using file = await open(path, 'r');
  const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return compressionOf(buffer.subarray(0, bytesRead));
}

/**
 * The bytes of a range, decompressed as they are read, in the pool's threads, ahead of who consumes them. The file
 * may still be growing: `meter` tells how much of the range is there (see meter.ts). Errors: `cancelled`.
 */
export async function decompressed(range: FileRange, meter: BigInt64Array): Promise<Readable> {
  const pieces = piecesOf(range, meter);
  const first = await pieces.next();
  if (first.done === true) return Readable.from([]);
  const source = Readable.from(startingWith(first.value, pieces), { objectMode: false, highWaterMark: pieceSize });
  const inflate = decompressor(compressionOf(first.value));
  return inflate === undefined ? source : pipeline(source, inflate, () => undefined);
}

/** At least four bytes come first, if there are as many: enough to know the compression by. */
async function* piecesOf(range: FileRange, meter: BigInt64Array): AsyncGenerator<Buffer, undefined> {
  if (range.size === 0) return;
  let there = (await bytesBeyond(meter, Math.min(range.size, 4) - 1)) ?? giveUp();
  await using file = await open(range.file, 'r');
  for (let at = 0; at < range.size;) {
    if (there <= at) there = (await bytesBeyond(meter, at)) ?? giveUp();
    const length = Math.min(pieceSize, there - at, range.size - at);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, range.offset + at);
    if (bytesRead === 0) giveUp();
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function giveUp(): never {
  throw fail('cancelled', 'unpacking a layer was called off');
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

function decompressor(compression: Compression): Transform | undefined {
  if (compression === 'gzip') return createGunzip({ chunkSize: pieceSize });
  const params = { [constants.ZSTD_d_windowLogMax]: largestWindowLog };
  return compression === 'zstd' ? createZstdDecompress({ chunkSize: pieceSize, params }) : undefined;
}

/** What went wrong in decompressing, by the codes of zlib and zstd: Z_DATA_ERROR, ZSTD_error_corruption_detected, … */
export function unpackError(what: string, error: unknown): unknown {
  if (!/^Z(_|STD_)/.test(errnoOf(error) ?? '')) return error;
  return fail('invalid_argument', `${what} is damaged: ${messageOf(error)}`, error);
}
