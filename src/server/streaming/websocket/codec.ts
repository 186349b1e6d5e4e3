import { opcodes } from './parser.ts';

/** How a message names its channel and carries its bytes. */
export interface Codec {
  readonly opcode: number;
  /** The byte that names a channel. */
  name(channel: number): number;
  /** The channel that a byte names. */
  channel(name: number): number;
  encode(chunk: Buffer): Buffer;
  /** Reads the parts of one message after the other. Errors: none, as what is no base64 is left out. */
  decoder(): (part: Buffer, last: boolean) => Buffer;
}

export const binaryCodec: Codec = {
  opcode: opcodes.binary,
  name: (channel) => channel,
  channel: (name) => name,
  encode: (chunk) => chunk,
  decoder: () => (part) => part,
};

const zero = 0x30;

/** `base64.channel.k8s.io`: for clients in browsers that could not send bytes. The channel is a digit. */
export const base64Codec: Codec = {
  opcode: opcodes.text,
  name: (channel) => zero + channel,
  channel: (name) => name - zero,
  encode: (chunk) => Buffer.from(chunk.toString('base64'), 'latin1'),
  decoder: () => {
    let rest = '';
    return (part, last) => {
      const text = rest + part.toString('latin1');
      // Four characters are three bytes: only whole groups can be read before the message ends.
      const whole = last ? text.length : text.length - (text.length % 4);
      rest = text.slice(whole);
      return Buffer.from(text.slice(0, whole), 'base64');
    };
  },
};
