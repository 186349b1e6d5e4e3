import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { SharedWork } from './shared-work.ts';

describe('SharedWork', () => {
  const never = new AbortController().signal;
  const untilEnded = (signal: AbortSignal) =>
    new Promise<string>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });

  it('does the work once for all who ask meanwhile, and again for who asks later', async () => {
    const shared = new SharedWork<string, number>(1000);
    let started = 0;
    const start = async () => {
      await delay(5);
      return ++started;
    };
    expect(await Promise.all([shared.join('a', start, never), shared.join('a', start, never)])).to.deep.equal([1, 1]);
    expect(await shared.join('a', start, never)).to.equal(2);
  });

  it('goes on when one of two leaves', async () => {
    const shared = new SharedWork<string, string>(0);
    const leaving = new AbortController();
    const start = () => delay(30, 'done');
    const left = shared.join('a', start, leaving.signal).catch((error: unknown) => error);
    const stays = shared.join('a', start, never);
    leaving.abort();
    expect(await left).to.have.property('code', 'cancelled');
    expect(await stays).to.equal('done');
  });

  it('calls the work off when the last one left and none came within the grace period', async () => {
    const shared = new SharedWork<string, string>(20);
    const signals: AbortSignal[] = [];
    const start = (signal: AbortSignal) => {
      signals.push(signal);
      return untilEnded(signal);
    };
    await shared.join('a', start, AbortSignal.timeout(1)).catch(() => undefined);
    const again = shared.join('a', start, AbortSignal.timeout(60)).catch((error: unknown) => error);
    await delay(30);
    expect(
      signals.map(({ aborted }) => aborted),
      'joined within the grace',
    ).to.deep.equal([false]);
    expect(await again).to.have.property('code', 'deadline_exceeded');
    await delay(40);
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true]);
  });

  it('waits for the end of what it calls off when it closes', async () => {
    const shared = new SharedWork<string, string>(1000);
    let ended = false;
    const start = async (signal: AbortSignal) => {
      await untilEnded(signal).catch(() => undefined);
      await delay(10);
      ended = true;
      return '';
    };
    const work = shared.join('a', start, never).catch(() => undefined);
    await shared.close(new Error('closing'));
    expect(ended).to.equal(true);
    await work;
  });
});
