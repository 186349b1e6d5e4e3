import { expect } from 'chai';
import fc from 'fast-check';
import { displayWidth, fit, harmless } from './text.ts';

describe('text in a terminal', () => {
  it('takes as many cells as it shows', () => {
    expect(['web', '', 'é', 'e\u0301', '名前', '👩‍👩‍👧', '✔', '❤️', 'ｗ'].map(displayWidth)).to.deep.equal([
      ...[3, 0, 1, 1, 4, 2, 1, 2, 2],
    ]);
  });

  it('is cut in its middle, never through a character', () => {
    expect(fit('shop/frontend/nginx', 11)).to.equal('shop/…nginx');
    expect(fit('名前名前', 6)).to.equal('名…前 ');
    expect(fit('ab', 5, 'right')).to.equal('   ab');
    expect([fit('abc', 1), fit('abc', 0)]).to.deep.equal(['…', '']);
  });

  it('has exactly the width asked for, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(displayWidth(fit(harmless(text), width))).to.equal(width);
      }),
    );
  });

  it('steers no terminal', () => {
    expect(harmless('a\u001b[2Jb\r\u009b\u202ec')).to.equal('a\ufffd[2Jb\ufffd\ufffd\ufffdc');
  });
});
