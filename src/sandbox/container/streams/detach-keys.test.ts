import { expect } from 'chai';
import { DetachKeys, parseDetachKeys } from './detach-keys.ts';

describe('detach keys', () => {
  it('are read as Docker spells them', () => {
    expect([...parseDetachKeys('ctrl-p,ctrl-q')]).to.deep.equal([16, 17]);
    expect([...parseDetachKeys('ctrl-@,ctrl-[,ctrl-_,a,~')]).to.deep.equal([0, 27, 31, 97, 126]);
    expect([...parseDetachKeys('')]).to.deep.equal([]);
    for (const text of ['ctrl-', 'ctrl-P', 'ctrl-1', 'ab', 'a,', ',', 'ü', 'ctrl-p ctrl-q'])
      expect(() => parseDetachKeys(text)).to.throw('is no key');
  });

  /** What goes through of chunks; "!" where the client was let go, "<…>" what was held back at the end. */
  const fed = (keys: string, ...chunks: readonly string[]): string => {
    const detach = new DetachKeys(parseDetachKeys(keys));
    const through = chunks.map((chunk) => {
      const answer = detach.feed(Buffer.from(chunk));
      return answer.through.toString() + (answer.detached ? '!' : '');
    });
    const rest = detach.rest().toString();
    return through.join('') + (rest === '' ? '' : `<${rest}>`);
  };

  it('are found in one piece and in many, and taken out', () => {
    expect(fed('x,y', 'abxyc')).to.equal('ab!');
    expect(fed('x,y', 'ab', 'x', 'y')).to.equal('ab!');
    expect(fed('x', 'abx')).to.equal('ab!');
  });

  it('that only began go through when that shows', () => {
    expect(fed('x,y', 'axb', 'x', 'b', 'yx')).to.equal('axbxby<x>');
    expect(fed('x,y', 'xxxy')).to.equal('xx!');
    expect(fed('x,x,y', 'xx', 'x', 'y')).to.equal('x!');
    expect(fed('x,x,y', 'xxaxx')).to.equal('xxa<xx>');
    expect(fed('a,b,a,c', 'aba', 'bac')).to.equal('ab!');
  });

  it('are none when none are wanted', () => {
    expect(fed('', 'abc')).to.equal('abc');
  });
});
