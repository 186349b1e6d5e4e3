import { expect } from 'chai';
import { Ledger } from './ledger.ts';

const counters = (values: Readonly<Record<string, number>>) =>
  new Map(Object.entries(values).map(([name, value]) => [name, BigInt(value)]));
/** How many more there are of each cgroup. */
function fresh(ledger: Ledger): Record<string, number> {
  const found: Record<string, number> = {};
  for (const cell of ledger.fresh()) found[cell] = (found[cell] ?? 0) + 1;
  return found;
}

describe('the ledger of OOM kills', () => {
  it('believes the counter of a cgroup that is there, whatever the log said and in whatever order', () => {
    const ledger = new Ledger(new Map());
    ledger.read('', false);
    ledger.look(counters({ '': 1 }));
    expect(fresh(ledger)).to.deep.equal({ '': 1 });
    ledger.look(counters({ '': 5 }));
    ledger.read('', false);
    expect(fresh(ledger), 'the log was cut short').to.deep.equal({ '': 4 });
    expect(fresh(ledger)).to.deep.equal({});
  });

  it('keeps what a removed cgroup counted, and takes the log for one that nobody read', () => {
    const ledger = new Ledger(new Map());
    ledger.look(counters({ '': 0, '/exec': 2 }));
    ledger.look(counters({ '': 0 }));
    ledger.read('/exec', false);
    ledger.read('/exec', false);
    ledger.read('/nested', true);
    expect(fresh(ledger)).to.deep.equal({ '/exec': 2, '/nested': 1 });
    ledger.look(undefined);
    expect(fresh(ledger)).to.deep.equal({});
  });

  it('adds up what a cgroup counted that was made anew', () => {
    const ledger = new Ledger(new Map());
    for (const count of [3, 1, 2]) ledger.look(counters({ '/nested': count }));
    expect(fresh(ledger)).to.deep.equal({ '/nested': 5 });
  });

  it('goes on where the last life of the daemon ended', () => {
    const seen = { '': 4, '/gone': 2 };
    const ledger = new Ledger(new Map(Object.entries(seen)));
    ledger.look(counters({ '': 6 }));
    expect(fresh(ledger)).to.deep.equal({ '': 2 });
    ledger.read('/gone', true);
    ledger.read('/gone', false);
    expect(fresh(ledger)).to.deep.equal({ '/gone': 1 });
  });
});
