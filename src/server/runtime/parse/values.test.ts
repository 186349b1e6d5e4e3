import { expect } from 'chai';
import fc from 'fast-check';
import { member, text, textMap, userNumber, wholeNumber } from './values.ts';

const refused = (act: () => unknown, said: string | RegExp) =>
  expect(act).to.throw(said).with.property('code', 'invalid_argument');

describe('values of a request', () => {
  it('are text without NUL, limited in bytes and not in characters', () => {
    expect(text('grüße', 'f', 7)).to.equal('grüße');
    refused(() => text('grüße', 'f', 6), 'f is 7 bytes long, at most 6');
    refused(() => text('a\0', 'f'), 'NUL');
  });

  it('are numbers that keep their value, or are capped at what JSON can hold', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }), (value) => {
        const number = wholeNumber(value, 'f');
        expect(number).to.satisfy(Number.isSafeInteger);
        if (value <= BigInt(Number.MAX_SAFE_INTEGER)) expect(BigInt(number)).to.equal(value);
      }),
    );
    refused(() => wholeNumber(-2n, 'f'), 'f is -2, at least -1');
    expect(userNumber(4294967294n, 'f')).to.equal(4294967294);
    for (const value of [-1n, 4294967295n, 2n ** 63n - 1n]) refused(() => userNumber(value, 'f'), '0 to 4294967294');
  });

  it('are known members of an enum, and no name of Object', () => {
    expect(member(1, { 1: 'one' }, 'f')).to.equal('one');
    for (const value of [0, -1, 2 ** 31 - 1])
      refused(() => member(value, { 1: 'one' }, 'f'), `f is ${value}, allowed is 1`);
  });

  it('are maps that are copied', () => {
    const given = { a: 'b' };
    const copy = textMap(given, 'f');
    given.a = 'changed';
    expect(copy).to.deep.equal({ a: 'b' });
    refused(() => textMap({ '': 'x' }, 'labels'), 'a key of labels is empty');
  });
});
