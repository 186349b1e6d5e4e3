import { fail } from '../../base/errors.ts';
import { blockSize, parseHeader } from './tar-header.ts';
import type { TarHeader } from './tar-header.ts';
import { composeEntry, noExtensions } from './tar-entry.ts';
import type { Extensions, TarEntry } from './tar-entry.ts';
import { parsePaxNumber, parsePaxRecords } from './tar-pax.ts';

/** What a reader tells, in order: `entry`, its data in pieces, `endEntry`; for every member of the archive. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** The piece is only valid during the call. */
  data(piece: Buffer): void;
  endEntry(): void;
}

/** Bytes of a PAX header or of a GNU long name: more is no name but an attack. */
const maxExtension = 1 << 20;

/**
 * A tar parser that is fed: `write` pieces of any size, then `end`. Synchronous and without buffers of its own
 * but for headers cut by a piece's end.
 */
export class TarReader {
  readonly #sink: TarSink;
  /** Bytes of a header, or of an extension's body, gathered so far. */
  #gathered: Buffer[] = [];
  #gatheredLength = 0;
  /** What is wanted next: `header`, `extension` (gathers its body), `data` (hands it on), `finished`. */
  #state: 'header' | 'extension' | 'data' | 'finished' = 'header';
  #remaining = blockSize;
  #padding = 0;
  #pendingType = '';
  #extensions: Extensions = noExtensions;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  write(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && this.#state !== 'finished') {
      const take = Math.min(piece.length - at, this.#remaining > 0 ? this.#remaining : this.#padding);
      const part = piece.subarray(at, at + take);
      at += take;
      if (this.#remaining === 0) this.#padding -= take;
      else {
        this.#remaining -= take;
        if (this.#state === 'data') this.#sink.data(part);
        else this.#gather(part);
      }
      if (this.#remaining === 0 && this.#padding === 0) this.#complete();
    }
  }

  /** Errors: `invalid_argument` when the archive stops in the middle of a member. */
  end(): void {
    const between = this.#state === 'header' && this.#gatheredLength === 0 && this.#extensions === noExtensions;
    if (this.#state !== 'finished' && !between)
      throw fail('invalid_argument', 'layer ends in the middle of a tar entry; pull it again');
  }

  #gather(part: Buffer): void {
    // A copy: the caller may use the piece's memory again.
    this.#gathered.push(Buffer.from(part));
    this.#gatheredLength += part.length;
  }

  #taken(): Buffer {
    const [only] = this.#gathered;
    const whole = this.#gathered.length === 1 && only !== undefined ? only : Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredLength = 0;
    return whole;
  }

  #complete(): void {
    if (this.#state === 'data') this.#sink.endEntry();
    else if (this.#state === 'extension') this.#extend(this.#taken());
    else {
      this.#begin(parseHeader(this.#taken()));
      return;
    }
    this.#expectHeader();
  }

  #expectHeader(): void {
    this.#state = 'header';
    this.#remaining = blockSize;
    this.#padding = 0;
  }

  #begin(header: TarHeader | undefined): void {
    if (header === undefined) {
      this.#state = 'finished';
      return;
    }
    if (['x', 'g', 'L', 'K'].includes(header.type)) {
      this.#beginExtension(header);
      return;
    }
    const entry = composeEntry(header, this.#extensions);
    this.#extensions = noExtensions;
    this.#sink.entry(entry);
    if (entry.size > 0) {
      this.#expectBody('data', entry.size);
      return;
    }
    this.#sink.endEntry();
    this.#expectHeader();
  }

  #beginExtension(header: TarHeader): void {
    if (header.size < 0 || header.size > maxExtension)
      throw fail('invalid_argument', `layer has an extended header of ${header.size} bytes; at most ${maxExtension}`);
    this.#pendingType = header.type;
    if (header.size > 0) {
      this.#expectBody('extension', header.size);
      return;
    }
    this.#extend(Buffer.alloc(0));
    this.#expectHeader();
  }

  #expectBody(state: 'extension' | 'data', size: number): void {
    this.#state = state;
    this.#remaining = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
  }

  #extend(body: Buffer): void {
    const text = body.toString('latin1').replace(/\0.*$/s, '');
    if (this.#pendingType === 'L') this.#extensions = { ...this.#extensions, longName: text };
    else if (this.#pendingType === 'K') this.#extensions = { ...this.#extensions, longLink: text };
    else if (this.#pendingType === 'x') this.#extensions = { ...this.#extensions, pax: checkedPax(body) };
    // 'g', the global header, holds comments in practice; the field ignores it.
  }
}

function checkedPax(body: Buffer): ReadonlyMap<string, string> {
  const records = parsePaxRecords(body);
  for (const key of ['uid', 'gid', 'size']) {
    const value = records.get(key);
    if (value !== undefined) parsePaxNumber(value);
  }
  return records;
}
