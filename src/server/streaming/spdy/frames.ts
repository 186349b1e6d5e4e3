import { noHeaders } from './header-block.ts';

/** Frames of SPDY/3.1 (draft 3, 2.2 and 2.6). */
export const frameTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const version = 3;
/** FLAG_FIN: the sender's half of the stream ends with this frame. */
export const finFlag = 1;
/** Bytes before the payload of any frame. */
export const frameHeaderLength = 8;
/** The length field has 24 bits. */
export const maxPayload = 0xff_ffff;

/** Status of RST_STREAM. */
export const resetStatus = { refused: 3, cancel: 5 } as const;

export function dataHeader(streamId: number, length: number, flags: number): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderLength);
  header.writeUInt32BE(streamId, 0);
  header.writeUInt32BE(flags * 0x100_0000 + length, 4);
  return header;
}

/** SYN_REPLY without headers. */
export function synReply(streamId: number, first: boolean): Buffer {
  return control(frameTypes.synReply, Buffer.concat([words(streamId), noHeaders(first)]));
}

export const rstStream = (streamId: number, status: number): Buffer =>
  control(frameTypes.rstStream, words(streamId, status));
export const ping = (id: number): Buffer => control(frameTypes.ping, words(id));
export const goAway = (lastStreamId: number): Buffer => control(frameTypes.goAway, words(lastStreamId, 0));
/** SETTINGS that set nothing: the one frame that every client takes in silence. */
export const emptySettings = (): Buffer => control(frameTypes.settings, words(0));

function control(type: number, payload: Buffer): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderLength);
  header.writeUInt16BE(0x8000 + version, 0);
  header.writeUInt16BE(type, 2);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, i) => buffer.writeUInt32BE(value, i * 4));
  return buffer;
}
