import { expect } from 'chai';
import { textFromBytes } from './text.ts';

describe('textFromBytes', () => {
  it('is the text, byte for byte', () => {
    for (const text of ['', 'größe 🦗', '\ufeffmark first', 'a\r\nb'])
      expect(
        Buffer.from(textFromBytes('abc', 'variable A', Buffer.from(text))).equals(Buffer.from(text)),
        text,
      ).to.equal(true);
  });

  it('refuses what is no UTF-8 and names it', () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]])
      expect(() => textFromBytes('abc', 'variable A', Uint8Array.from(bytes)))
        .to.throw('container abc: variable A is not valid UTF-8')
        .with.property('code', 'invalid_argument');
  });
});
