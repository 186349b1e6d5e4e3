import { expect } from 'chai';
import { Flights } from './flights.ts';

const codeOf = (error: unknown) => (error as { code: string }).code;
const soon = () => AbortSignal.timeout(2000);

describe('Flights', () => {
  it('does the work once for all who ask meanwhile, and anew for who asks later', async () => {
    const flights = new Flights<string, number>();
    let runs = 0;
    const work = Promise.withResolvers<number>();
    const start = async () => {
      runs++;
      return work.promise;
    };
    const all = [1, 2, 3].map(() => flights.join('a', start, soon()));
    const other = flights.join('b', async () => 5, soon());
    work.resolve(7);
    expect(await Promise.all(all)).to.deep.equal([7, 7, 7]);
    expect([await other, runs, flights.size]).to.deep.equal([5, 1, 0]);
    await flights.join('a', start, soon());
    expect(runs).to.equal(2);
  });

  it('goes on when the caller who started it goes away', async () => {
    const flights = new Flights<string, number>();
    const work = Promise.withResolvers<number>();
    const first = new AbortController();
    const gone = flights.join('a', () => work.promise, first.signal).catch(codeOf);
    first.abort();
    expect(await gone).to.equal('cancelled');
    const second = flights.join('a', () => Promise.reject(new Error('a second start')), soon());
    work.resolve(7);
    expect(await second).to.equal(7);
  });

  it('tells every one of its failure, and then starts again', async () => {
    const flights = new Flights<string, number>();
    const work = Promise.withResolvers<number>();
    const all = [1, 2].map(() => flights.join('a', () => work.promise, soon()));
    work.reject(new Error('no'));
    const results = await Promise.allSettled(all);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(await flights.join('a', async () => 1, soon())).to.equal(1);
  });

  it('has settled when nothing is in flight, failures and new flights included', async () => {
    const flights = new Flights<string, number>();
    const first = Promise.withResolvers<number>();
    const second = Promise.withResolvers<number>();
    const joined = flights.join('a', () => first.promise, soon());
    let settled = false;
    const all = flights.settled().then(() => (settled = true));
    const next = flights.join('b', () => second.promise, soon());
    first.reject(new Error('no'));
    await joined.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).to.equal(false);
    second.resolve(1);
    await Promise.all([next, all]);
    expect(settled).to.equal(true);
  });
});
