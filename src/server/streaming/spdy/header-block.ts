import { constants, inflateRawSync } from 'node:zlib';
import { fail } from '../../../base/errors.ts';
import { dictionary } from './dictionary.ts';

/** Bytes that the headers of one stream may be once inflated: Kubernetes clients send three short ones. */
const maxInflated = 16 * 1024;
const maxHeaders = 64;
/** How far deflate looks back. */
const window = 32 * 1024;
/** RFC 1950: deflate with a window of 32 KiB, a preset dictionary, and its checksum. */
const zlibHeaderLength = 6;
const dictionaryChecksum = 0xe3c6a7c2;

export type Headers = ReadonlyMap<string, string>;

/**
 * Reads the header blocks of one direction of a connection. They are one zlib stream, flushed to a whole byte behind
 * each (draft 3, 2.6.10.1), so each can be inflated by itself, with what came before it as its dictionary: at once, and
 * with a limit that a block made to explode does not pass.
 */
export class HeaderBlocks {
  #before: Buffer = dictionary;
  #begun = false;

  /** Names in lower case. Errors: `invalid_argument` for what is no such block, or too large. */
  read(block: Buffer): Headers {
    const body = this.#begun ? block : withoutZlibHeader(block);
    this.#begun = true;
    const plain = inflate(body, this.#before);
    this.#before = Buffer.concat([this.#before, plain]).subarray(-window);
    return parseHeaders(plain);
  }
}

function withoutZlibHeader(block: Buffer): Buffer {
  const known = block.length >= zlibHeaderLength && block.readUInt32BE(2) === dictionaryChecksum;
  if (!known || block[0] !== 0x78 || block.readUInt16BE(0) % 31 !== 0)
    throw malformed('is not compressed as SPDY/3 is');
  return block.subarray(zlibHeaderLength);
}

function inflate(body: Buffer, before: Buffer): Buffer {
  try {
    const options = { dictionary: before, finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxInflated };
    return inflateRawSync(body, options);
  } catch (error) {
    throw malformed(`cannot be inflated to at most ${maxInflated} bytes`, error);
  }
}

function parseHeaders(plain: Buffer): Headers {
  const headers = new Map<string, string>();
  let at = 0;
  const number = () => {
    if (at + 4 > plain.length) throw malformed('ends too early');
    at += 4;
    return plain.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > plain.length) throw malformed('ends too early');
    at += length;
    return plain.toString('latin1', at - length, at);
  };
  const count = number();
  if (count > maxHeaders) throw malformed(`has ${count} headers`);
  for (let i = 0; i < count; i += 1) headers.set(text().toLowerCase(), text());
  return headers;
}

const malformed = (what: string, cause?: unknown) => fail('invalid_argument', `a SPDY header block ${what}`, cause);

/**
 * No headers at all, in a stored block (RFC 1951, 3.2.4) and the empty one that a flush leaves behind it, at which Go
 * hands out what it has read: the only block that is ever sent needs no compressor.
 */
const stored = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
const firstStored = Buffer.concat([Buffer.from([0x78, 0x20, 0xe3, 0xc6, 0xa7, 0xc2]), stored]);

/** The block of no headers, as the first of its direction or a later one. */
export const noHeaders = (first: boolean): Buffer => (first ? firstStored : stored);
