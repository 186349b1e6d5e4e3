import { expect } from 'chai';
import fc from 'fast-check';
import {
  attribute,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  nested,
  number32,
  number8,
  numberOf,
  text,
  textOf,
} from './wire.ts';

describe('netlink messages', () => {
  it('are laid out as linux/netlink.h has it', () => {
    const message = encodeMessage(16, 0x605, 7, [Buffer.from([1, 2, 3, 4]), text(3, 'eth')]);
    expect(message.toString('hex')).to.equal(
      '1c000000' + '1000' + '0506' + '07000000' + '00000000' + '01020304' + '0800' + '0300' + '65746800',
    );
  });

  it('pad attributes to four bytes and tell their true length', () => {
    expect(number8(4, 1).toString('hex')).to.equal('0500040001000000');
    expect(nested(18, [text(1, 'veth')]).toString('hex')).to.equal('10001280' + '0900' + '0100' + '7665746800000000');
  });

  it('come back as sent, many in one datagram', () => {
    const parts = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 5 }), (payloads) => {
        const padded = payloads.map((payload) =>
          Buffer.concat([payload, Buffer.alloc((4 - (payload.length % 4)) % 4)]),
        );
        const datagram = Buffer.concat(padded.map((payload, at) => encodeMessage(20, 1, at, [payload])));
        const found = [...decodeMessages(datagram)];
        expect(found.map((message) => message.sequence)).to.deep.equal(payloads.map((_, at) => at));
        expect(found.map((message) => message.payload)).to.deep.equal(padded);
      }),
      { numRuns: 100 },
    );
  });

  it('give attributes by type, the nested flag apart', () => {
    const payload = Buffer.concat([Buffer.alloc(16), text(3, 'eth0'), number32(4, 1400), nested(18, [number8(1, 9)])]);
    const found = decodeAttributes(payload, 16);
    expect(textOf(found.get(3))).to.equal('eth0');
    expect(numberOf(found.get(4))).to.equal(1400);
    expect(decodeAttributes(found.get(18) ?? Buffer.alloc(0), 0).get(1)).to.deep.equal(Buffer.from([9]));
    expect(textOf(undefined)).to.equal('');
    expect(numberOf(undefined)).to.equal(0);
    expect(textOf(decodeAttributes(attribute(20, Buffer.from('no nul')), 0).get(20))).to.equal('no nul');
  });

  it('are refused where a length runs past the end or stands still', () => {
    const short = encodeMessage(16, 0, 1, []);
    short.writeUInt32LE(64, 0);
    expect(() => [...decodeMessages(short)]).to.throw('cut short');
    short.writeUInt32LE(0, 0);
    expect(() => [...decodeMessages(short)]).to.throw('cut short');
    const bad = number32(4, 1);
    for (const length of [0, 3, 64]) {
      bad.writeUInt16LE(length, 0);
      expect(() => decodeAttributes(bad, 0)).to.throw('cut short');
    }
  });
});
