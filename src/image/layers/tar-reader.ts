import { fail } from '../../base/errors.ts';
import { blockSize, parseHeader, parseSparseBlock } from './tar-header.ts';
import type { OldSparse, TarHeader } from './tar-header.ts';
import { composeEntry, noExtensions } from './tar-entry.ts';
import type { Extensions, TarEntry } from './tar-entry.ts';
import { parsePaxNumber, parsePaxRecords } from './tar-pax.ts';
import { checkedMap, checkRegionCount, parseSparseList, SparseHead } from './tar-sparse.ts';
import type { SparseRegion } from './tar-sparse.ts';

/** What a reader tells, in order: `entry`, its data in pieces, `endEntry`; for every member of the archive. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** The piece is only valid during the call. */
  data(piece: Buffer): void;
  endEntry(): void;
}

/** Bytes of a PAX header or of a GNU long name: more is no name but an attack. */
const maxExtension = 1 << 20;

/** Extended headers before one member: two of PAX and two of GNU are all there is a meaning to. */
const maxExtended = 16;

/**
 * What is wanted next: a header, the body of an extension, a block of an old sparse map, the head of a new one (all
 * of them are gathered), data (handed on), nothing.
 */
type State = 'header' | 'extension' | 'sparse-block' | 'sparse-head' | 'data' | 'finished';

interface SparseMember {
  readonly entry: TarEntry;
  /** Of the file, holes included. */
  readonly size: number;
  readonly gathered: SparseRegion[];
  readonly head: SparseHead;
}

/**
 * A tar parser that is fed: `write` pieces of any size, then `end`. Synchronous and without buffers of its own
 * but for headers cut by a piece's end.
 */
export class TarReader {
  readonly #sink: TarSink;
  /** Bytes of a header, or of an extension's body, gathered so far. */
  #gathered: Buffer[] = [];
  #gatheredLength = 0;
  #state: State = 'header';
  #remaining = blockSize;
  #padding = 0;
  #pendingType = '';
  #extensions: Extensions = noExtensions;
  #extended = 0;
  /** A sparse member whose map is not read to its end. */
  #sparse: SparseMember | undefined;

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
        else this.#gather(part, this.#remaining === 0 && this.#padding === 0);
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

  #gather(part: Buffer, isRead: boolean): void {
    // A copy, unless it is read right away: the caller may use the piece's memory again.
    this.#gathered.push(isRead ? part : Buffer.from(part));
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
    switch (this.#state) {
      case 'data':
        this.#sink.endEntry();
        break;
      case 'extension':
        this.#extend(this.#taken());
        break;
      case 'sparse-block':
        this.#continueMap(parseSparseBlock(this.#taken()));
        return;
      case 'sparse-head':
        this.#continueHead(this.#taken());
        return;
      case 'header':
      case 'finished':
        this.#begin(parseHeader(this.#taken()));
        return;
    }
    this.#expectHeader();
  }

  #expectHeader(): void {
    this.#expect('header', blockSize);
  }

  /** Whole blocks, gathered. */
  #expect(state: State, size: number): void {
    this.#state = state;
    this.#remaining = size;
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
    const { pax } = this.#extensions;
    const entry = composeEntry(header, this.#extensions);
    this.#extensions = noExtensions;
    this.#extended = 0;
    const realSize = parsePaxNumber(pax.get('GNU.sparse.realsize') ?? pax.get('GNU.sparse.size') ?? '0');
    const list = pax.get('GNU.sparse.map');
    if (header.sparse !== undefined) {
      this.#sparse = { entry, size: header.sparse.size, gathered: [], head: new SparseHead() };
      this.#continueMap(header.sparse);
    } else if (pax.get('GNU.sparse.major') === '1' && entry.type === 'file') {
      this.#sparse = { entry, size: realSize, gathered: [], head: new SparseHead() };
      this.#expect('sparse-head', blockSize);
    } else if (list !== undefined && entry.type === 'file')
      this.#deliver({ ...entry, sparse: checkedMap(realSize, parseSparseList(list), entry.size) });
    else this.#deliver(entry);
  }

  #deliver(entry: TarEntry): void {
    this.#sparse = undefined;
    this.#sink.entry(entry);
    if (entry.size > 0) {
      this.#expectBody('data', entry.size);
      return;
    }
    this.#sink.endEntry();
    this.#expectHeader();
  }

  #continueMap({ regions, continued }: Omit<OldSparse, 'size'>): void {
    const { entry, size, gathered } = this.#sparseMember();
    gathered.push(...regions);
    checkRegionCount(gathered.length);
    if (continued) this.#expect('sparse-block', blockSize);
    else this.#deliver({ ...entry, sparse: checkedMap(size, gathered, entry.size) });
  }

  /** The map of PAX 1.0 counts as data of the member. */
  #continueHead(block: Buffer): void {
    const { entry, size, head } = this.#sparseMember();
    const regions = head.take(block);
    const stored = entry.size - head.length;
    if (stored < 0 || (regions === undefined && stored === 0))
      throw fail('invalid_argument', 'layer has a sparse member that is shorter than its map');
    if (regions === undefined) this.#expect('sparse-head', blockSize);
    else this.#deliver({ ...entry, size: stored, sparse: checkedMap(size, regions, stored) });
  }

  #sparseMember(): SparseMember {
    if (this.#sparse === undefined) throw fail('internal', 'a sparse map without its member');
    return this.#sparse;
  }

  #beginExtension(header: TarHeader): void {
    if (header.size < 0 || header.size > maxExtension)
      throw fail('invalid_argument', `layer has an extended header of ${header.size} bytes; at most ${maxExtension}`);
    this.#extended += 1;
    if (this.#extended > maxExtended)
      throw fail('invalid_argument', `layer has more than ${maxExtended} extended headers in a row`);
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
