import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger } from '../../base/log.ts';
import { Tracked } from './tracked.ts';

/** A counter whose saves the test lets go on, one by one. */
function counter(fails: () => boolean = () => false) {
  const saved: number[] = [];
  const gates: (() => void)[] = [];
  const tracked = new Tracked<string, number, number>({
    record: 'x',
    state: 0,
    step: (state, add) => {
      if (add < 0) throw new Error('refused');
      return state + add;
    },
    save: async (state) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      if (fails()) throw new Error('disk full');
      saved.push(state);
    },
    prepare: (state) => ({
      file: { path: 'x.next', text: String(state), mode: 0o600 },
      whole: { path: 'x', text: String(state), mode: 0o600 },
      placed: () => void saved.push(-state),
      commit: async () => {
        await delay(1);
        if (fails()) throw new Error('disk full');
        saved.push(-state);
      },
    }),
    log: silentLogger(),
  });
  const letOneSaveGo = async () => {
    while (gates.length === 0) await delay(1);
    gates.shift()?.();
  };
  return { tracked, saved, letOneSaveGo };
}

const soon = () => AbortSignal.timeout(2000);

describe('Tracked', () => {
  it('changes only after it was written', async () => {
    const { tracked, saved, letOneSaveGo } = counter();
    const change = tracked.change(1);
    await delay(5);
    expect(tracked.state).to.equal(0);
    await letOneSaveGo();
    await change;
    expect([tracked.state, saved]).to.deep.equal([1, [1]]);
  });

  it('changes at the commit of what was prepared, unless it has changed meanwhile', async () => {
    const { tracked, saved, letOneSaveGo } = counter();
    const first = tracked.prepare(1);
    expect(first.files.map(({ text }) => text)).to.deep.equal(['1']);
    expect([tracked.state, saved]).to.deep.equal([0, []]);
    await first.commit();
    expect([tracked.state, saved]).to.deep.equal([1, [-1]]);
    const stale = tracked.prepare(10);
    const change = tracked.change(1);
    await letOneSaveGo();
    await change;
    const commit = stale.commit();
    await letOneSaveGo();
    await commit;
    expect([tracked.state, saved]).to.deep.equal([12, [-1, 2, 12]]);
  });

  it('changes without another write where all of what was prepared was written', async () => {
    const { tracked, saved } = counter(() => true);
    await tracked.prepare(1).commit({ isPlaced: true });
    expect([tracked.state, saved]).to.deep.equal([1, [-1]]);
  });

  it('stays as it was when what was prepared cannot be put in its place', async () => {
    const { tracked } = counter(() => true);
    const failed = await tracked
      .prepare(1)
      .commit()
      .catch((error: unknown) => (error as Error).message);
    expect([tracked.state, failed]).to.deep.equal([0, 'disk full']);
  });

  it('notes at once, written or not', async () => {
    const { tracked, letOneSaveGo } = counter(() => true);
    const note = tracked.note(1);
    expect(tracked.state).to.equal(1);
    await letOneSaveGo();
    await note;
    expect(tracked.state).to.equal(1);
  });

  it('stays as it was when a change cannot be written, and can be changed again', async () => {
    let full = true;
    const { tracked, letOneSaveGo } = counter(() => full);
    const change = tracked.change(1).then(
      () => 'changed',
      (error: unknown) => (error as Error).message,
    );
    await letOneSaveGo();
    expect([await change, tracked.state]).to.deep.equal(['disk full', 0]);
    full = false;
    const again = tracked.change(5);
    await letOneSaveGo();
    await again;
    expect(tracked.state).to.equal(5);
  });

  it('throws what the step refuses, and writes nothing then', async () => {
    const { tracked, saved } = counter();
    const errors = await Promise.allSettled([tracked.change(-1), tracked.note(-1)]);
    expect(errors.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(saved).to.deep.equal([]);
  });

  it('writes in the order of events, the last one last', async () => {
    const { tracked, saved, letOneSaveGo } = counter();
    const all = [tracked.note(1), tracked.note(10), tracked.note(100)];
    for (const _one of all) await letOneSaveGo();
    await Promise.all(all);
    expect(saved).to.deep.equal([1, 11, 111]);
  });

  it('tells those who wait for a state, and lets a waiter go at its signal', async () => {
    const { tracked, letOneSaveGo } = counter();
    const reached = tracked.until((state) => state >= 2, soon());
    void tracked.note(1);
    void tracked.note(1);
    expect(await reached).to.equal(2);
    const gone = await tracked
      .until((state) => state > 99, AbortSignal.timeout(5))
      .catch((error: unknown) => (error as { code: string }).code);
    expect(gone).to.equal('deadline_exceeded');
    await letOneSaveGo();
    await letOneSaveGo();
  });
});
