import { expect } from 'chai';
import fc from 'fast-check';
import { CricketError } from '../../../base/errors.ts';
import { controlFrame, messageHeader, MessageParser, opcodes } from './parser.ts';

function listening() {
  const messages: string[] = [];
  const heard: string[] = [];
  const parser = new MessageParser({
    message: (part, first, last) => {
      if (first) messages.push('');
      messages.push((messages.pop() ?? '') + part.toString('latin1'));
      if (last) heard.push(`message of ${messages.at(-1)?.length ?? 0}`);
    },
    ping: (payload) => void heard.push(`ping ${payload.toString()}`),
    close: () => void heard.push('close'),
  });
  return { parser, messages, heard };
}

/** A frame as a client sends it. */
function masked(opcode: number, payload: Buffer, { fin = true, mask = Buffer.from([1, 2, 3, 200]) } = {}): Buffer {
  const header = messageHeader(opcode, payload.length);
  header[0] = opcode | (fin ? 0x80 : 0);
  header[1] = (header[1] ?? 0) | 0x80;
  return Buffer.concat([header, mask, payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0))]);
}

const long = Buffer.alloc(70_000, 'long ');
const session = () =>
  Buffer.concat([
    masked(opcodes.binary, Buffer.from('short')),
    masked(opcodes.ping, Buffer.from('there?')),
    masked(opcodes.binary, Buffer.from('in '), { fin: false }),
    masked(opcodes.ping, Buffer.alloc(0)),
    masked(opcodes.continuation, Buffer.alloc(0), { fin: false }),
    masked(opcodes.continuation, Buffer.from('parts')),
    masked(opcodes.text, Buffer.alloc(0)),
    masked(opcodes.binary, long.subarray(0, 300)),
    masked(opcodes.binary, long),
    masked(opcodes.pong, Buffer.from('heartbeat')),
    masked(opcodes.close, Buffer.from([3, 0xe8])),
  ]);

describe('frames of WebSocket', () => {
  it('are the same however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
        const { parser, messages, heard } = listening();
        const bytes = session();
        let at = 0;
        for (const cut of cuts) parser.feed(bytes.subarray(at, (at += cut)));
        parser.feed(bytes.subarray(at));
        expect(messages).to.deep.equal([
          'short',
          'in parts',
          '',
          long.toString('latin1', 0, 300),
          long.toString('latin1'),
        ]);
        expect(heard).to.deep.equal([
          ...['message of 5', 'ping there?', 'ping ', 'message of 8', 'message of 0', 'message of 300'],
          ...['message of 70000', 'close'],
        ]);
      }),
      { numRuns: 100 },
    );
  });

  it('that are none are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        try {
          listening().parser.feed(Buffer.from(bytes));
        } catch (error) {
          if (!(error instanceof CricketError) || error.code !== 'invalid_argument') throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('have the shortest header for their length', () => {
    expect([0, 125, 126, 65_535, 65_536].map((length) => messageHeader(opcodes.binary, length).length)).to.deep.equal([
      2, 2, 4, 4, 10,
    ]);
    expect(messageHeader(opcodes.binary, 65_536).readBigUInt64BE(2)).to.equal(65_536n);
    expect(controlFrame(opcodes.close, Buffer.from([3, 0xe8]))).to.deep.equal(Buffer.from([0x88, 2, 3, 0xe8]));
  });
});
