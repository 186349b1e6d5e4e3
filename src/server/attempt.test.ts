import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { attempt } from './attempt.ts';

describe('attempting', () => {
  const never = new AbortController().signal;

  it('answers what failed, which can be tried again, and goes on past it', async () => {
    const done: string[] = [];
    let isBroken = true;
    const shaky = async () => {
      if (isBroken) throw new Error('not yet');
      done.push('shaky');
    };
    const works = [shaky, async () => void done.push('sound')];
    const told: unknown[] = [];
    const options = { atOnce: 1, signal: never, onFailure: (error: unknown) => void told.push(error) };
    const owed = await attempt(works, options);
    expect({ owed, done, told: told.map(String) }).to.deep.equal({
      owed: [shaky],
      done: ['sound'],
      told: ['Error: not yet'],
    });
    isBroken = false;
    expect(await attempt(owed, options)).to.deep.equal([]);
    expect(done).to.deep.equal(['sound', 'shaky']);
  });

  it('runs no more at once than it may, and begins none after the end', async () => {
    const end = new AbortController();
    let [running, most, begun] = [0, 0, 0];
    const work = async () => {
      begun += 1;
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
      if (begun === 4) end.abort();
    };
    await attempt(Array<typeof work>(20).fill(work), { atOnce: 2, signal: end.signal, onFailure: () => undefined });
    expect(most).to.equal(2);
    expect(begun).to.be.lessThan(7);
  });
});
