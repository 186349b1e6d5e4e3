import { expect } from 'chai';
import { Ledger } from './ledger.ts';

const counters = (values: Readonly<Record<string, number>>) =>
  new Map(Object.entries(values).map(([name, value]) => [name, BigInt(value)]));
const totals = (ledger: Ledger) => Object.fromEntries(ledger.totals());

describe('the ledger of OOM kills', () => {
  it('believes the counter of a cgroup that is there, whatever the log said and in whatever order', () => {
    const ledger = new Ledger(new Map());
    ledger.read('');
    ledger.look(counters({ '': 1 }));
    expect(totals(ledger)).to.deep.equal({ '': 1 });
    ledger.look(counters({ '': 5 }));
    ledger.read('');
    expect(totals(ledger), 'the log was cut short').to.deep.equal({ '': 5 });
  });

  it('keeps what a removed cgroup counted, and takes the log for one that nobody read', () => {
    const ledger = new Ledger(new Map());
    ledger.look(counters({ '': 0, '/exec': 2 }));
    ledger.look(counters({ '': 0 }));
    ledger.read('/exec');
    ledger.read('/exec');
    ledger.read('/nested');
    expect(totals(ledger)).to.deep.equal({ '': 0, '/exec': 2, '/nested': 1 });
    ledger.look(undefined);
    expect(totals(ledger)).to.deep.equal({ '': 0, '/exec': 2, '/nested': 1 });
  });

  it('adds up what a cgroup counted that was made anew', () => {
    const ledger = new Ledger(new Map());
    for (const count of [3, 1, 2]) ledger.look(counters({ '/nested': count }));
    expect(totals(ledger)).to.deep.equal({ '/nested': 5 });
  });

  it('goes on where the last life of the daemon ended', () => {
    const ledger = new Ledger(
      new Map([
        ['', 4],
        ['/gone', 2],
      ]),
    );
    ledger.look(counters({ '': 6 }));
    expect(totals(ledger)).to.deep.equal({ '': 6, '/gone': 2 });
    ledger.read('/gone');
    expect(totals(ledger)).to.deep.equal({ '': 6, '/gone': 3 });
  });
});
