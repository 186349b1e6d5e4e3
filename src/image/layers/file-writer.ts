import { ftruncateSync, writeSync } from 'node:fs';
import type { TarEntry } from './tar-entry.ts';

/** Puts the data of a regular member into its file: one piece after the other, or where a sparse map says. */
export class FileWriter {
  readonly fd: number;
  readonly entry: TarEntry;
  #region = 0;
  /** Bytes of the region that are written. */
  #within = 0;

  constructor(fd: number, entry: TarEntry) {
    this.fd = fd;
    this.entry = entry;
  }

  write(piece: Buffer): void {
    if (this.entry.sparse === undefined)
      for (let written = 0; written < piece.length;) written += writeSync(this.fd, piece, written);
    else this.#scatter(piece);
  }

  /** A sparse file may end with a hole. */
  finish(): void {
    if (this.entry.sparse !== undefined) ftruncateSync(this.fd, this.entry.sparse.size);
  }

  #scatter(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      const region = this.entry.sparse?.regions[this.#region];
      if (region === undefined) return;
      const length = Math.min(piece.length - at, region.length - this.#within);
      const written = writeSync(this.fd, piece, at, length, region.offset + this.#within);
      at += written;
      this.#within += written;
      if (this.#within < region.length) continue;
      this.#region += 1;
      this.#within = 0;
    }
  }
}
