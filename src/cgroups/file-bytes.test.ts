import { expect } from 'chai';
import { KeyedFile, bytesOf, key, numberIn, textOf } from './file-bytes.ts';

describe('cgroups: numbers in kernel files', () => {
  it('are read from their beginning; none is none', () => {
    const read = (text: string) => numberIn(bytesOf(text));
    expect([read('0\n'), read('42\n'), read('42')]).to.deep.equal([0, 42, 42]);
    expect([read('max\n'), read(''), read('-1\n'), numberIn(undefined)]).to.deep.equal(Array(4).fill(undefined));
    expect(read('9223372036854771712\n')).to.be.within(2 ** 62, 2 ** 63);
    expect(textOf(bytesOf('a b\n'))).to.equal('a b\n');
  });

  it('are found by their whole key, in any order', () => {
    const stat = new KeyedFile(bytesOf('cache 1\nrss 2\nrss_huge 3\ntotal_rss 40\ntotal_cache 50\n'));
    const of = (name: string) => stat.of(key(name));
    expect([of('rss'), of('total_rss'), of('cache'), of('total_cache'), of('rss')]).to.deep.equal([2, 40, 1, 50, 2]);
    expect([of('rss_h'), of('total'), of('nothing'), of('rss_huge')]).to.deep.equal([
      ...[undefined, undefined, undefined, 3],
    ]);
    expect(new KeyedFile(bytesOf('')).of(key('a'))).to.equal(undefined);
  });
});
