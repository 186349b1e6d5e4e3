import { fail } from '../../../base/errors.ts';
import { finFlag, frameHeaderLength, frameTypes, version } from './frames.ts';
import { HeaderBlocks } from './header-block.ts';
import type { Headers } from './header-block.ts';

/** What a client can say, as far as a server of Kubernetes streams listens. */
export interface FrameHandler {
  stream(id: number, headers: Headers, fin: boolean): void;
  /** A part of a data frame, as it came in; `fin` with the last part of the last frame. */
  data(id: number, bytes: Buffer, fin: boolean): void;
  reset(id: number): void;
  ping(id: number): void;
  goAway(): void;
}

/** Bytes of a control frame: the longest that a Kubernetes client sends has some hundred. */
const maxControl = 16 * 1024;
const idMask = 0x7fff_ffff;

/**
 * Takes a connection apart as it comes in. Data is passed on without waiting for the rest of its frame; only control
 * frames are collected. What it says of windows is ignored, as Kubernetes clients ignore ours.
 */
export class FrameParser {
  readonly #handler: FrameHandler;
  readonly #blocks = new HeaderBlocks();
  #collected: Buffer = Buffer.alloc(0);
  /** Of the data frame under way: its stream, its flags, bytes to come. */
  #data: { readonly id: number; readonly fin: boolean; left: number } | undefined;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Errors: `invalid_argument` for what is not SPDY/3.1; nothing more can be read then. */
  feed(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#data === undefined ? this.#control(rest) : this.#passOn(this.#data, rest);
  }

  #passOn(data: { readonly id: number; readonly fin: boolean; left: number }, rest: Buffer): Buffer {
    const part = rest.subarray(0, data.left);
    data.left -= part.length;
    if (data.left === 0) this.#data = undefined;
    this.#handler.data(data.id, part, data.fin && data.left === 0);
    return rest.subarray(part.length);
  }

  /** The header of any frame, and the payload of a control frame. Answers what is not used yet. */
  #control(chunk: Buffer): Buffer {
    const before = this.#collected;
    const all = before.length === 0 ? chunk : Buffer.concat([before, chunk]);
    this.#collected = Buffer.alloc(0);
    if (all.length < frameHeaderLength) return this.#keep(all);
    const first = all.readUInt32BE(0);
    const flags = all.readUInt8(4);
    const length = all.readUInt32BE(4) & 0xff_ffff;
    if (first <= idMask) return this.#beginData(first, flags, length, all.subarray(frameHeaderLength));
    if (((first >>> 16) & 0x7fff) !== version) throw malformed('is of another version');
    if (length > maxControl) throw malformed(`of ${length} bytes is too long`);
    const end = frameHeaderLength + length;
    if (all.length < end) return this.#keep(all);
    this.#read(first & 0xffff, flags, all.subarray(frameHeaderLength, end));
    return all.subarray(end);
  }

  #keep(all: Buffer): Buffer {
    this.#collected = all;
    return Buffer.alloc(0);
  }

  #beginData(id: number, flags: number, length: number, rest: Buffer): Buffer {
    const fin = (flags & finFlag) !== 0;
    if (length === 0) this.#handler.data(id, Buffer.alloc(0), fin);
    else this.#data = { id, fin, left: length };
    return rest;
  }

  #read(type: number, flags: number, payload: Buffer): void {
    const word = (at: number) => {
      if (payload.length < at + 4) throw malformed(`of type ${type} is too short`);
      return payload.readUInt32BE(at);
    };
    switch (type) {
      case frameTypes.synStream: {
        const id = word(0) & idMask;
        word(6);
        this.#handler.stream(id, this.#blocks.read(payload.subarray(10)), (flags & finFlag) !== 0);
        return;
      }
      case frameTypes.headers:
        word(0);
        // Read all the same: the next block is compressed with what stands in this one.
        this.#blocks.read(payload.subarray(4));
        return;
      case frameTypes.rstStream:
        this.#handler.reset(word(0) & idMask);
        return;
      case frameTypes.ping:
        this.#handler.ping(word(0));
        return;
      case frameTypes.goAway:
        this.#handler.goAway();
        return;
      case frameTypes.synReply:
        throw malformed('answers a stream that was never opened');
      default:
    }
  }
}

const malformed = (what: string) => fail('invalid_argument', `a SPDY frame ${what}`);
