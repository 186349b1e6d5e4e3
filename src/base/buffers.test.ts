import { expect } from 'chai';
import { letAllGo, letGo } from './buffers.ts';

describe('letting go of bytes', () => {
  it('frees what they are all or the end of', () => {
    const whole = Buffer.alloc(100_000);
    letGo(whole.subarray(0, 50_000));
    expect(whole.length, 'the rest may be written yet').to.equal(100_000);
    letGo(whole.subarray(50_000));
    expect(whole.length).to.equal(0);
    // As pieces of an answer are, which are no larger than what small buffers have in common.
    const small = Buffer.allocUnsafeSlow(30_000);
    letGo(small);
    letGo(small);
    expect(small.length).to.equal(0);
  });

  it('leaves alone what has its memory in common with others', () => {
    const pooled = Array.from({ length: 8 }, () => Buffer.from('x'.repeat(1000)));
    for (const one of pooled) letGo(one);
    const last = Buffer.from(new ArrayBuffer(Buffer.poolSize), Buffer.poolSize - 10);
    letGo(last);
    expect([...pooled, last].every(({ length }) => length > 0)).to.equal(true);
    const shared = Buffer.from(new SharedArrayBuffer(100_000));
    letGo(shared);
    expect(shared.length).to.equal(100_000);
  });

  it('frees all of a memory that nobody else has, whatever part of it they are', () => {
    const whole = new Uint8Array(100_000);
    letAllGo(whole.subarray(10, 20));
    expect(whole.length).to.equal(0);
    const pooled = Buffer.from('a few');
    letAllGo(pooled);
    expect(pooled.toString()).to.equal('a few');
  });
});
