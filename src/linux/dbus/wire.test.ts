import { expect } from 'chai';
import { decodeMessage, encodeCall, messageLength } from './message.ts';
import { completeTypes, decode, encode, variant } from './wire.ts';
import type { DBusValue } from './wire.ts';

describe('values on D-Bus', () => {
  it('are parted by their types', () => {
    expect(completeTypes('')).to.deep.equal([]);
    expect(completeTypes('ssa(sv)a(sa(sv))b')).to.deep.equal(['s', 's', 'a(sv)', 'a(sa(sv))', 'b']);
    expect(completeTypes('aaya{sv}(i(tt))')).to.deep.equal(['aay', 'a{sv}', '(i(tt))']);
    expect(() => completeTypes('a(s')).to.throw('open bracket');
  });

  it('come back as they were, at every alignment', () => {
    const signature = 'ybnqiuxtsoga(sv)ayv';
    const values: readonly DBusValue[] = [
      ...[255, true, -2, 65535, -70000, 4_000_000_000, -5n, 2n ** 64n - 1n, 'grüße', '/a/b', 'a{sv}'],
      [
        ['x', variant('t', 7n)],
        ['y', variant('a(st)', [['z', 1n]])],
      ],
      Buffer.from([1, 2, 3]),
      variant('v', variant('as', ['', 'b'])),
    ];
    for (let base = 0; base < 8; base++) {
      const bytes = Buffer.concat([Buffer.alloc(base), encode(signature, values, base)]);
      expect(decode(signature, bytes, base)).to.deep.equal(values);
    }
  });

  it('count an empty array’s padding not into its length, but write it', () => {
    expect([...encode('at', [[]])]).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...encode('as', [[]])]).to.deep.equal([0, 0, 0, 0]);
  });

  it('that are cut short are refused', () => {
    const whole = encode('s', ['abc']);
    for (let length = 0; length < whole.length; length++)
      expect(() => decode('s', whole.subarray(0, length), 0)).to.throw('in the middle');
  });
});

describe('messages on D-Bus', () => {
  it('tell their length as soon as their beginning is there, and what is in them', () => {
    const call = { destination: 'a.b', path: '/c', interface: 'd.e', member: 'F', signature: 'sb', body: ['x', true] };
    const bytes = encodeCall(call, 9);
    expect(messageLength(bytes.subarray(0, 15))).to.equal(undefined);
    expect(messageLength(bytes.subarray(0, 16))).to.equal(bytes.length);
    const message = decodeMessage(bytes);
    expect(message).to.deep.include({ kind: 'call', interface: 'd.e', member: 'F', body: ['x', true] });
    expect(decodeMessage(encodeCall({ ...call, signature: '', body: [] }, 1)).body).to.deep.equal([]);
  });
});
