import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { letGo } from '../../base/buffers.ts';
import { cleanEntryPath, joinPath, meaningOf } from './entry-path.ts';
import type { TarEntry } from './tar-entry.ts';
import type { TarReader, TarSink } from './tar-reader.ts';

/** Where the record of a layer stands: beside the directory it was unpacked into. */
export const tarRecordOf = (target: string): string => `${target}.record`;

/** What a record consists of: bytes of the archive as they were, or the content of a file that is unpacked. */
export const recordMarks = { raw: 0, file: 1 } as const;

/** Bytes of a record that are compressed together. */
const frameBytes = 1 << 20;
/** Names beyond this many are not worth the memory they take here; the layer has no record then. */
const maxNames = 1_000_000;

/**
 * Writes down all of a tar but the content of the files it became: with those the very same archive can be made
 * again, to see whether a layer is still what it was and to export an image under the id it has. A layer that names
 * a path twice, or reaches one through a link, has no record (but see tree-digest.ts): what is on
 * disk is then not all that was in the archive.
 * The record is frames, each its compressed length and zstd of marks (`recordMarks`): raw, length, bytes; or file,
 * length of the path, path, size. Lengths are 32-bit, sizes 64-bit, little-endian; paths are latin1.
 */
export class TarRecorder implements TarSink, Disposable {
  readonly #sink: TarSink;
  readonly #path: string;
  #fd: number | undefined;
  readonly #names = new Map<string, 'directory' | 'other'>();
  /** Known to be one, with all above it: whatever changes that ends the record. */
  #directory = '';
  /** What is to be compressed next, and how much of it there is. */
  #frame = Buffer.alloc(0);
  #length = 0;
  /** The file whose content comes now. */
  #file: { readonly path: string; readonly size: number } | undefined;
  #piece: Buffer = Buffer.alloc(0);
  /** How much of the piece is written down. */
  #done = 0;

  constructor(sink: TarSink, target: string) {
    this.#sink = sink;
    this.#path = tarRecordOf(target);
    this.#fd = openSync(this.#path, 'w', 0o600);
  }

  [Symbol.dispose](): void {
    this.#giveUp();
  }

  /** Feeds a piece of the archive to the reader that this is the sink of. */
  feed(piece: Buffer, reader: TarReader): void {
    [this.#piece, this.#done] = [piece, 0];
    reader.write(piece);
    this.#raw(piece.subarray(this.#done));
  }

  entry(entry: TarEntry): void {
    this.#sink.entry(entry);
    this.#file = undefined;
    if (this.#fd === undefined) return;
    const path = cleanEntryPath(entry.name);
    if (path === undefined) return;
    const name = joinPath(path.directory, path.name);
    if (!this.#isPlain(path.directory, path.name, entry.type)) this.#giveUp();
    else if (entry.type === 'file' && entry.size > 0 && entry.sparse === undefined && !isMark(path.name))
      this.#file = { path: name, size: entry.size };
  }

  data(piece: Buffer): void {
    if (this.#fd !== undefined && this.#file !== undefined) {
      const start = piece.byteOffset - this.#piece.byteOffset;
      this.#raw(this.#piece.subarray(this.#done, start));
      this.#done = start + piece.length;
      if (this.#file.size > 0) this.#refer(this.#file);
      this.#file = { ...this.#file, size: 0 };
    }
    this.#sink.data(piece);
  }

  endEntry(): void {
    this.#file = undefined;
    this.#sink.endEntry();
  }

  /** Ends the record, without which there is none; whether there is one. */
  finish(): boolean {
    this.#flush();
    letGo(this.#frame);
    if (this.#fd === undefined) return false;
    closeSync(this.#fd);
    this.#fd = undefined;
    return true;
  }

  /** Whether the member says nothing against a record: a name of its own below directories of this layer. */
  #isPlain(directory: string, name: string, type: TarEntry['type']): boolean {
    const meaning = isMark(name) ? meaningOf(name) : undefined;
    if (meaning?.kind === 'hides') return !this.#names.has(joinPath(directory, meaning.name));
    if (meaning !== undefined) return true;
    if (!this.#isDirectory(directory)) return false;
    const path = joinPath(directory, name);
    const kind = type === 'directory' ? 'directory' : 'other';
    const before = this.#names.get(path);
    this.#names.set(path, kind);
    return (before === undefined || (before === 'directory' && kind === 'directory')) && this.#names.size <= maxNames;
  }

  /** Whether nothing on the way is something else. What no member describes is made for what is in it. */
  #isDirectory(path: string): boolean {
    if (path === this.#directory) return true;
    for (let above = path; above !== ''; above = above.slice(0, Math.max(above.lastIndexOf('/'), 0))) {
      if (this.#names.get(above) === 'other') return false;
      this.#names.set(above, 'directory');
    }
    this.#directory = path;
    return true;
  }

  #raw(bytes: Buffer): void {
    if (this.#fd === undefined || bytes.length === 0) return;
    this.#begin(recordMarks.raw, bytes.length, bytes.length);
    this.#length += bytes.copy(this.#frame, this.#length);
  }

  #refer({ path, size }: { readonly path: string; readonly size: number }): void {
    this.#begin(recordMarks.file, path.length, path.length + 8);
    this.#length += this.#frame.write(path, this.#length, 'latin1');
    this.#length = this.#frame.writeBigUInt64LE(BigInt(size), this.#length);
  }

  /** The head of a mark, and room for so many bytes behind it. */
  #begin(mark: number, length: number, room: number): void {
    if (this.#length + 5 + room > this.#frame.length) this.#flush();
    if (5 + room > this.#frame.length) this.#frame = Buffer.allocUnsafeSlow(Math.max(frameBytes, 5 + room));
    this.#length = this.#frame.writeUInt8(mark, this.#length);
    this.#length = this.#frame.writeUInt32LE(length, this.#length);
  }

  #flush(): void {
    if (this.#fd === undefined || this.#length === 0) return;
    const frame = zstdCompressSync(this.#frame.subarray(0, this.#length));
    this.#length = 0;
    const head = Buffer.alloc(4);
    head.writeUInt32LE(frame.length);
    writeSync(this.#fd, head);
    writeSync(this.#fd, frame);
  }

  #giveUp(): void {
    this.#names.clear();
    letGo(this.#frame);
    this.#length = 0;
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    rmSync(this.#path, { force: true });
  }
}

const isMark = (name: string) => meaningOf(name).kind !== 'entry';
