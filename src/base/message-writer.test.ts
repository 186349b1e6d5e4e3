import { expect } from 'chai';
import fc from 'fast-check';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { MessageWriter } from './message-writer.ts';

/** What another reader of the format finds: field, wire type and content. */
function read(bytes: Uint8Array): readonly (readonly [number, unknown])[] {
  const reader = new BinaryReader(bytes);
  const found: [number, unknown][] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const content =
      wire === WireType.Varint ? reader.uint64() : wire === WireType.Bit64 ? reader.double() : reader.bytes();
    found.push([field, typeof content === 'string' ? BigInt(content) : content]);
  }
  return found;
}
const written = (write: (out: MessageWriter) => void) => {
  const out = new MessageWriter(1);
  write(out);
  return read(out.take());
};

describe('messages', () => {
  it('hold whole numbers of any size, but for those that are 0', () => {
    const values = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 62));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), values, (field, value) => {
        const expected = value === 0 ? [] : [[field, BigInt(value)]];
        expect(written((out) => out.number(field, value))).to.deep.equal(expected);
        const [inner] = written((out) => out.value(field, value));
        expect(read(inner?.[1] as Uint8Array)).to.deep.equal(value === 0 ? [] : [[1, BigInt(value)]]);
      }),
    );
    expect(written((out) => out.value(3, undefined))).to.deep.equal([]);
  });

  it('tell microseconds in nanoseconds, to the last one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_007_199_254_740_991 }), (micros) => {
        expect(written((out) => out.nanoseconds(1, micros))).to.deep.equal([[1, BigInt(micros) * 1000n]]);
      }),
    );
  });

  it('hold texts and messages of any length, nested', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 2_200_000]) {
      const text = 'ä'.repeat(length / 2);
      const [outer, ...others] = written((out) => {
        const begin = out.open(7);
        out.element(2, text);
        out.number(3, 5);
        out.close(begin);
        out.number(4, 6);
      });
      expect(others).to.deep.equal([[4, 6n]]);
      const [found, number] = read(outer?.[1] as Uint8Array);
      expect(Buffer.from(found?.[1] as Uint8Array).toString()).to.equal(text);
      expect(number).to.deep.equal([3, 5n]);
    }
  });

  it('hold doubles, maps and what was written before', () => {
    const before = Buffer.from([8, 1]);
    const found = written((out) => {
      out.double(1, 1.5);
      out.double(2, 0);
      out.text(3, '');
      out.raw(before);
      out.map(4, { a: 'b', empty: '' });
    });
    expect(found.slice(0, 2)).to.deep.equal([
      [1, 1.5],
      [1, 1n],
    ]);
    const entries = found.slice(2).map(([, bytes]) => read(bytes as Uint8Array).map(([, text]) => String(text)));
    expect(
      entries.map((entry) => entry.map((text) => Buffer.from(text.split(',').map(Number)).toString())),
    ).to.deep.equal([['a', 'b'], ['empty']]);
  });
});
