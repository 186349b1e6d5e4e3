import { closeSync, constants, existsSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import { hashFor } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';
import { recordMarks, tarRecordOf } from './tar-record.ts';
import { isTreeAsRemembered } from './tree-digest.ts';

const pieceBytes = 1 << 20;
/** A frame takes 1 MiB, or a single member's extension on top of it. */
const largestFrame = 64 << 20;

/** Whether a layer is what it was when it came. `unknown`: it has nothing to tell by. */
export type LayerHealth =
  { readonly kind: 'whole' | 'unknown' } | { readonly kind: 'corrupt'; readonly reason: string };

const otherContent = { kind: 'corrupt', reason: 'some of its files have other content' } as const;

/** Makes the archive again and looks at its digest, where that can be: every byte of every file counts. */
export function examineLayer(layer: { readonly target: string; readonly diffId: Digest }): LayerHealth {
  if (!existsSync(tarRecordOf(layer.target))) {
    const same = isTreeAsRemembered(layer.target);
    if (same === undefined) return { kind: 'unknown' };
    return same ? { kind: 'whole' } : otherContent;
  }
  const hash = hashFor(layer.diffId);
  try {
    for (const piece of replayTar(layer.target)) hash.update(piece);
  } catch (error) {
    return { kind: 'corrupt', reason: messageOf(error) };
  }
  const digest = `${layer.diffId.slice(0, 6)}:${hash.digest('hex')}`;
  return digest === layer.diffId ? { kind: 'whole' } : otherContent;
}

/** The archive that a directory was unpacked from, from its record and its files. Pieces are valid until the next. */
export function* replayTar(target: string): Generator<Buffer> {
  for (const step of readRecord(tarRecordOf(target)))
    if (step.kind === 'raw') yield step.bytes;
    else yield* contentOf(target, step);
}

/** Writes that archive to a new file. */
export function replayTo({ target, file }: { readonly target: string; readonly file: string }): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    for (const piece of replayTar(target)) writeSync(fd, piece);
  } finally {
    closeSync(fd);
  }
}

/** Bytes of that archive; undefined where there is no record of it. */
export function replayedSize(target: string): number | undefined {
  if (!existsSync(tarRecordOf(target))) return undefined;
  let size = 0;
  for (const step of readRecord(tarRecordOf(target))) size += step.kind === 'raw' ? step.bytes.length : step.size;
  return size;
}

type RecordStep =
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | { readonly kind: 'file'; readonly path: string; readonly size: number };

function* readRecord(path: string): Generator<RecordStep> {
  const fd = openSync(path, 'r');
  try {
    for (const frame of readFrames(fd, path)) yield* stepsOf(frame);
  } finally {
    closeSync(fd);
  }
}

function* readFrames(fd: number, path: string): Generator<Buffer> {
  const head = Buffer.alloc(4);
  for (;;) {
    const got = readSync(fd, head);
    if (got === 0) return;
    const length = head.readUInt32LE();
    if (got < 4 || length > largestFrame) throw fail('internal', `record ${path} is damaged`);
    const frame = Buffer.alloc(length);
    if (readSync(fd, frame) < length) throw fail('internal', `record ${path} is cut off`);
    yield zstdDecompressSync(frame, { maxOutputLength: largestFrame });
  }
}

function* stepsOf(frame: Buffer): Generator<RecordStep> {
  for (let at = 0; at < frame.length;) {
    const mark = frame[at];
    const length = frame.readUInt32LE(at + 1);
    const body = frame.subarray(at + 5, at + 5 + length);
    at += 5 + length;
    if (mark === recordMarks.raw) {
      yield { kind: 'raw', bytes: body };
      continue;
    }
    yield { kind: 'file', path: body.toString('latin1'), size: Number(frame.readBigUInt64LE(at)) };
    at += 8;
  }
}

function* contentOf(
  target: string,
  { path, size }: { readonly path: string; readonly size: number },
): Generator<Buffer> {
  const shown = JSON.stringify(path);
  const full = Buffer.concat([Buffer.from(`${target}/`), Buffer.from(path, 'latin1')]);
  const fd = openFile(full, shown);
  try {
    const found = fstatSync(fd);
    if (!found.isFile() || found.size !== size)
      throw fail('internal', `file ${shown} has ${found.size} bytes, not ${size}`);
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, size));
    for (let left = size; left > 0;) {
      const read = readSync(fd, piece, 0, Math.min(piece.length, left), null);
      if (read === 0) throw fail('internal', `file ${shown} ends early`);
      left -= read;
      yield piece.subarray(0, read);
    }
  } finally {
    closeSync(fd);
  }
}

function openFile(path: Buffer, shown: string): number {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw fail('internal', errnoOf(error) === 'ENOENT' ? `file ${shown} is missing` : messageOf(error), error);
  }
}
