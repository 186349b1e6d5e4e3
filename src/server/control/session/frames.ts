import type { Readable } from 'node:stream';
import { fail } from '../../../base/errors.ts';

/**
 * A session with a process over the control socket: both bodies of one HTTP call are frames, a byte that says what it is,
 * four with the length of what follows, high byte first. The client begins with `order`, the daemon with `begun`.
 */
export const frameTypes = {
  ...{ order: 0, stdin: 1, stdinEnd: 2, resize: 3 },
  ...{ begun: 16, stdout: 17, stderr: 18, end: 19 },
} as const;
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

const headBytes = 5;
/** An order carries a whole environment; output comes in far smaller pieces. */
const maxBytes = 4 * 1024 * 1024;

export function frame(type: FrameType, payload: Buffer | object = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(type, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Frames as they come, no faster than they are taken. Errors: the stream's, `invalid_argument` for what is no frame. */
export async function* readFrames(from: Readable): AsyncGenerator<Frame, void> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of from) {
    pending = pending.length === 0 ? (chunk as Buffer) : Buffer.concat([pending, chunk as Buffer]);
    for (let length = lengthOf(pending); length !== undefined; length = lengthOf(pending)) {
      const payload = pending.subarray(headBytes, headBytes + length);
      const type = pending.readUInt8(0);
      pending = pending.subarray(headBytes + length);
      yield { type, payload };
    }
  }
}

/** Bytes of the first frame's payload, once all of them are here. */
function lengthOf(pending: Buffer): number | undefined {
  if (pending.length < headBytes) return undefined;
  const length = pending.readUInt32BE(1);
  if (length > maxBytes) throw fail('invalid_argument', `a frame of ${length} bytes; ${maxBytes} are allowed`);
  return pending.length < headBytes + length ? undefined : length;
}
