import { expect } from 'chai';
import { sleep, throwIfAborted, waitFor, withTimeout } from './abort.ts';
import { fail } from './errors.ts';

const never = () => new Promise<never>(() => undefined);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error as { code: string }).code,
  );

describe('waiting', () => {
  it('ends by the signal and not the work, with a code that says why', async () => {
    const gone = new AbortController();
    const waiting = codeOf(waitFor(never(), gone.signal));
    gone.abort();
    expect(await waiting).to.equal('cancelled');
    expect(await codeOf(waitFor(never(), AbortSignal.timeout(1)))).to.equal('deadline_exceeded');
    expect(await codeOf(waitFor(never(), AbortSignal.abort(fail('unavailable', 'ending'))))).to.equal('unavailable');
  });

  it('gives the result or the error of the work, and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await waitFor(Promise.resolve(4), signal)).to.equal(4);
    expect(await codeOf(waitFor(Promise.reject(fail('not_found', 'x')), signal))).to.equal('not_found');
  });

  it('does not let work that fails after the wait end the process', async () => {
    const work = Promise.withResolvers<never>();
    expect(await codeOf(waitFor(work.promise, AbortSignal.abort()))).to.equal('cancelled');
    work.reject(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('sleeps, and wakes by the signal', async () => {
    await sleep(1, new AbortController().signal);
    expect(await codeOf(sleep(60_000, AbortSignal.timeout(1)))).to.equal('deadline_exceeded');
  });

  it('narrows a signal by a limit, whichever comes first', async () => {
    const outer = new AbortController();
    const narrowed = withTimeout(outer.signal, 60_000);
    expect(() => throwIfAborted(narrowed)).not.to.throw();
    outer.abort();
    expect(() => throwIfAborted(narrowed))
      .to.throw()
      .with.property('code', 'cancelled');
    expect(await codeOf(waitFor(never(), withTimeout(new AbortController().signal, 1)))).to.equal('deadline_exceeded');
  });
});
