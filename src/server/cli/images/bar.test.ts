import { expect } from 'chai';
import { progressLines } from './bar.ts';

const layer = (digest: string, received: number, state: 'waiting' | 'downloading' | 'unpacking' | 'here') => ({
  digest: `sha256:${digest.repeat(64)}`,
  size: 1_000_000,
  received,
  state,
});

describe('the bar of a pull', () => {
  it('says that the manifest is not known yet', () => {
    expect(progressLines({ reference: 'a/b:1', layers: [] }, 80)).to.deep.equal(['a/b:1: asking for its manifest']);
  });

  it('shows the whole and the layers that are on their way', () => {
    const layers = [
      layer('a', 1_000_000, 'here'),
      layer('b', 1_000_000, 'unpacking'),
      layer('c', 500_000, 'downloading'),
      layer('d', 0, 'waiting'),
    ];
    expect(progressLines({ reference: 'a/b:1', layers }, 80)).to.deep.equal([
      'a/b:1: 1 of 4 layers',
      '[==============>         ]  62% 2.50 MB of 4.00 MB',
      '  bbbbbbbbbbbb  unpacking    1.00 MB of 1.00 MB',
      '  cccccccccccc  downloading  500 kB of 1.00 MB',
    ]);
  });

  it('is full at the end, also of an image without a byte, and never wider than the terminal', () => {
    const full = progressLines({ reference: 'a/b:1', layers: [layer('a', 1_000_000, 'here')] }, 30);
    expect(full[1]).to.equal('[========================] 100%'.slice(0, 30));
    const empty = [{ ...layer('a', 0, 'here'), size: 0 }];
    expect(progressLines({ reference: 'a/b:1', layers: empty }, 80)[1]).to.contain('100%');
  });
});
