import { expect } from 'chai';
import { ByteWriter } from './byte-writer.ts';

const part = (text: string): Uint8Array => new TextEncoder().encode(text);

function lineOf(value: number | bigint): string {
  const out = new ByteWriter(0);
  out.line([part('a'), part('{ü'), part('} ')], value);
  return Buffer.from(out.take()).toString('utf8');
}

describe('a line of text', () => {
  const whole = [0, 1, 9, 10, 99, 100, 999, 1000, 1001, 999_999_999, 10 ** 9, 10 ** 9 + 1, 2 ** 31, 2 ** 32];
  const large = [10 ** 15 - 1, 10 ** 15, 10 ** 15 + 1, 1_795_290_000_123_456, Number.MAX_SAFE_INTEGER];
  const others = [2 ** 53, 2 ** 64, 1e21, 0.1, 1.5, 1e-7, 123_456.789, -1, Number.NaN, -0, 2n ** 63n, 0n];
  for (const value of [...whole, ...large, ...others])
    it(`says ${value}${typeof value === 'bigint' ? 'n' : ''} as JavaScript does`, () => {
      expect(lineOf(value)).to.equal(`a{ü} ${value}\n`);
    });

  it('has every power of ten with its neighbours right', () => {
    for (let exponent = 1; exponent <= 15; exponent++)
      for (const value of [10 ** exponent - 1, 10 ** exponent, 10 ** exponent + 1])
        expect(lineOf(value)).to.equal(`a{ü} ${value}\n`);
  });
});
