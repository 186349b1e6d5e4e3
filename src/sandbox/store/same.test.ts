import { expect } from 'chai';
import { sameAsWritten } from './same.ts';

describe('sameAsWritten', () => {
  it('knows a configuration that was on the disk', () => {
    expect(sameAsWritten({ a: 1, b: { c: [1], d: undefined } }, { b: { c: [1] }, a: 1 })).to.equal(true);
  });

  it('tells what differs', () => {
    expect(sameAsWritten({ a: [1, 2] }, { a: [2, 1] })).to.equal(false);
    expect(sameAsWritten({ a: 1 }, { a: 1, b: '' })).to.equal(false);
  });
});
