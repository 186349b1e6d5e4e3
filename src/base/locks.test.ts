import { expect } from 'chai';
import fc from 'fast-check';
import { KeyedLocks } from './locks.ts';

const codeOf = (error: unknown) => (error as { code: string }).code;
const soon = () => AbortSignal.timeout(5000);

describe('KeyedLocks', () => {
  it('lets one in at a time, in the order of asking, and other keys beside', async () => {
    const locks = new KeyedLocks<string>();
    const said: string[] = [];
    const first = await locks.acquire('a', soon());
    const waiting = ['b', 'c'].map(async (name) => {
      using _held = await locks.acquire('a', soon());
      said.push(name);
    });
    using _other = await locks.acquire('z', soon());
    expect(said).to.deep.equal([]);
    first[Symbol.dispose]();
    await Promise.all(waiting);
    expect(said).to.deep.equal(['b', 'c']);
    expect([locks.isHeld('a'), locks.isHeld('z'), locks.size]).to.deep.equal([false, true, 1]);
  });

  it('lets a waiter whose signal fires go, and those behind it pass in their turn', async () => {
    const locks = new KeyedLocks<string>();
    const first = await locks.acquire('a', soon());
    const gone = await locks.acquire('a', AbortSignal.timeout(5)).catch(codeOf);
    expect(gone).to.equal('deadline_exceeded');
    let entered = false;
    const last = locks.acquire('a', soon()).then((held) => {
      entered = true;
      return held;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered, 'the one who left must not open the door').to.equal(false);
    first[Symbol.dispose]();
    (await last)[Symbol.dispose]();
    await new Promise((resolve) => setImmediate(resolve));
    expect(locks.size).to.equal(0);
  });

  it('never has two inside one key, nor forgets one, whoever leaves the line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.constantFrom('a', 'b'), leaves: fc.boolean() }), { maxLength: 12 }),
        async (plans) => {
          const locks = new KeyedLocks<string>();
          const inside = new Map<string, number>();
          let done = 0;
          const visits = plans.map(async ({ key, leaves }) => {
            const controller = new AbortController();
            const acquired = locks.acquire(key, controller.signal);
            if (leaves) setImmediate(() => controller.abort());
            try {
              using _held = await acquired;
              inside.set(key, (inside.get(key) ?? 0) + 1);
              expect(inside.get(key)).to.equal(1);
              await new Promise((resolve) => setImmediate(resolve));
              inside.set(key, 0);
              done++;
            } catch (error) {
              expect([leaves, (error as { code: string }).code]).to.deep.equal([true, 'cancelled']);
            }
          });
          await Promise.all(visits);
          expect(done).to.be.at.least(plans.filter(({ leaves }) => !leaves).length);
          await new Promise((resolve) => setImmediate(resolve));
          expect(locks.size).to.equal(0);
        },
      ),
    );
  });
});
