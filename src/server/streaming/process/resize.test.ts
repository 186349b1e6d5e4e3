import { expect } from 'chai';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { readSizes } from './resize.ts';

async function sizesOf(...chunks: readonly string[]): Promise<string[]> {
  const [from, sizes] = [new PassThrough(), new Array<string>()];
  readSizes(from, (width, height) => void sizes.push(`${width}x${height}`));
  for (const chunk of chunks) {
    from.write(chunk);
    await turn();
  }
  return sizes;
}

describe('terminal sizes', () => {
  it('come one by one, several at once, or in pieces', async () => {
    expect(await sizesOf('{"Width":80,"Height":24}\n')).to.deep.equal(['80x24']);
    expect(await sizesOf('{"Width":1,"Height":2}{"Width":3,"Height":4}')).to.deep.equal(['3x4']);
    expect(await sizesOf(...'{"Width":132,"Height":50}{"Width":9,"Height":9}'.split(''))).to.deep.equal([
      '132x50',
      '9x9',
    ]);
    expect(await sizesOf('{"height": 5, "width": 6}')).to.deep.equal(['6x5']);
  });

  it('that are none are left out', async () => {
    for (const text of [
      '{}',
      '{"Width":0,"Height":5}',
      '{"Width":70000,"Height":5}',
      '{"Width":-1,"Height":5}',
      'x}',
      '}}}{{{',
    ])
      expect(await sizesOf(text), text).to.deep.equal([]);
    expect(await sizesOf('{'.repeat(100_000), '{"Width":80,"Height":24}')).to.deep.equal(['80x24']);
  });
});
