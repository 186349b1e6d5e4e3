import { fail } from '../../base/errors.ts';
import type { SparseRegion } from './tar-sparse.ts';

/** The size of every header and the unit of every body. */
export const blockSize = 512;

/** A header block as POSIX ustar, GNU and v7 tar lay it out. Texts are latin1: one character per byte. */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** The type flag as a character; '\0' of v7 is given as '0'. */
  readonly type: string;
  readonly linkName: string;
  readonly major: number;
  readonly minor: number;
  /** Of an old GNU sparse member (`S`). */
  readonly sparse: OldSparse | undefined;
}

/** How GNU tar describes a sparse member without PAX; where the map is `continued`, a block of more regions follows. */
export interface OldSparse {
  readonly size: number;
  readonly regions: readonly SparseRegion[];
  readonly continued: boolean;
}

/** Undefined for a block of zeros. Errors: `invalid_argument` for a wrong checksum or a number that is none. */
export function parseHeader(block: Buffer): TarHeader | undefined {
  if (isZero(block)) return undefined;
  if (!checksumHolds(block))
    throw fail('invalid_argument', 'layer is not a tar archive: a header has a wrong checksum');
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0);
  const isDevice = type === '3' || type === '4';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    type,
    linkName: text(block, 157, 100),
    major: isDevice ? number(block, 329, 8) : 0,
    minor: isDevice ? number(block, 337, 8) : 0,
    sparse:
      type === 'S'
        ? { size: number(block, 483, 12), regions: regionsAt(block, 386, 4), continued: block[482] !== 0 }
        : undefined,
  };
}

/** A block that continues the map of an old GNU sparse member. */
export function parseSparseBlock(block: Buffer): Omit<OldSparse, 'size'> {
  return { regions: regionsAt(block, 0, 21), continued: block[504] !== 0 };
}

function regionsAt(block: Buffer, start: number, count: number): readonly SparseRegion[] {
  const regions: SparseRegion[] = [];
  for (let at = start; at < start + count * 24 && block[at] !== 0; at += 24)
    regions.push({ offset: number(block, at, 12), length: number(block, at + 12, 12) });
  return regions;
}

function isZero(block: Buffer): boolean {
  for (let at = 0; at < blockSize; at += 8) if (block.readBigUInt64LE(at) !== 0n) return false;
  return true;
}

/** The sum counts its own field as spaces. Some old writers summed signed bytes. */
function checksumHolds(block: Buffer): boolean {
  const unsigned = sum(block, 0, 148) + 8 * 0x20 + sum(block, 156, blockSize);
  const stated = number(block, 148, 8);
  if (stated === unsigned) return true;
  const high = block.filter((byte, at) => byte >= 128 && (at < 148 || at >= 156)).length;
  return stated === unsigned - 256 * high;
}

function sum(block: Buffer, start: number, end: number): number {
  let total = 0;
  for (let at = start; at < end; at += 1) total += block[at] ?? 0;
  return total;
}

function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end === -1 || end > start + length ? start + length : end);
}

/** Octal text between spaces and zeros, or base 256 when the first bit is set (GNU, for what octal cannot hold). */
function number(block: Buffer, start: number, length: number): number {
  if ((block[start] ?? 0) >= 0x80) return base256(block, start, length);
  const end = start + length;
  let at = start;
  while (at < end && isFiller(block[at])) at += 1;
  let value = 0;
  for (; at < end && !isFiller(block[at]); at += 1) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) throw fail('invalid_argument', 'layer is not a tar archive: a header has a bad number');
    value = value * 8 + digit;
  }
  return value;
}

const isFiller = (byte: number | undefined) => byte === 0x20 || byte === 0;

function base256(block: Buffer, start: number, length: number): number {
  const negative = ((block[start] ?? 0) & 0x40) !== 0;
  let value = 0n;
  for (let at = start; at < start + length; at += 1) value = (value << 8n) | BigInt(block[at] ?? 0);
  const bits = BigInt(length * 8);
  const signed = negative ? value - (1n << bits) : value & ((1n << (bits - 1n)) - 1n);
  const result = Number(signed);
  if (!Number.isSafeInteger(result)) throw fail('invalid_argument', 'layer has a header with a number out of range');
  return result;
}
