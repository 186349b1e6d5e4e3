import { expect } from 'chai';
import { Gate } from './gate.ts';

describe('Gate', () => {
  it('lets many among each other, one alone, and nobody wait behind who cannot be alone', async () => {
    const gate = new Gate();
    const [one, other, alone] = [1, 2, 3].map(() => Promise.withResolvers<string>());
    const first = gate.among(async () => one?.promise);
    const second = gate.among(async () => other?.promise);
    expect(await gate.alone(async () => 'collected')).to.equal(undefined);
    one?.resolve('a');
    other?.resolve('b');
    expect([await first, await second]).to.deep.equal(['a', 'b']);

    const collecting = gate.alone(async () => alone?.promise);
    let entered = false;
    const late = gate.among(async () => (entered = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).to.equal(false);
    expect(await gate.alone(async () => 'twice')).to.equal(undefined);
    alone?.resolve('done');
    expect([await collecting, await late]).to.deep.equal(['done', true]);
  });

  it('is free again after a failure', async () => {
    const gate = new Gate();
    const failing = async () => Promise.reject(new Error('no'));
    await gate.among(failing).catch(() => undefined);
    await gate.alone(failing).catch(() => undefined);
    expect(await gate.alone(async () => 1)).to.equal(1);
    expect(await gate.among(async () => 2)).to.equal(2);
  });
});
