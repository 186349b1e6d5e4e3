import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { lookInRounds } from './rounds.ts';

/** Rounds whose clock is ours: each `tick` begins the next one, and answers whether it had a look. */
function openRounds() {
  let next: (() => void) | undefined;
  let looks = 0;
  let found: readonly string[] = [];
  let onChange: (() => void) | undefined;
  const ended = new Error('the rounds end');
  let end: (() => void) | undefined;
  const done = lookInRounds({
    look: async () => {
      looks++;
      return Promise.resolve(found);
    },
    observe: (told) => (onChange = told),
    pause: async () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      next = resolve;
      end = () => reject(ended);
      return promise;
    },
  }).catch((error: unknown) => error);
  return {
    change: () => onChange?.(),
    find: (...lines: readonly string[]) => void (found = lines),
    async tick(): Promise<boolean> {
      const before = looks;
      next?.();
      await turn();
      return looks > before;
    },
    async ticks(count: number): Promise<readonly boolean[]> {
      const seen: boolean[] = [];
      for (let i = 0; i < count; i++) seen.push(await this.tick());
      return seen;
    },
    get looks() {
      return looks;
    },
    async close(): Promise<void> {
      end?.();
      expect(await done).to.equal(ended);
    },
  };
}

const idle = [false, false, false, false, true];

describe('the rounds of looks for what belongs to nobody', () => {
  it('begin with one, and are every fifth where nothing happens', async () => {
    const rounds = openRounds();
    await turn();
    expect(rounds.looks).to.equal(1);
    expect(await rounds.ticks(10)).to.deep.equal([...idle, ...idle]);
    await rounds.close();
  });

  it('are each one after a change, and as long as something is found', async () => {
    const rounds = openRounds();
    await rounds.ticks(2);
    rounds.change();
    expect(await rounds.ticks(6)).to.deep.equal([true, ...idle]);
    rounds.change();
    rounds.find('a cgroup belonged to nobody');
    expect(await rounds.ticks(3)).to.deep.equal([true, true, true]);
    rounds.find();
    expect(await rounds.ticks(6)).to.deep.equal([true, ...idle]);
    await rounds.close();
  });
});
