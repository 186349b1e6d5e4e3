import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import type { RuleChange } from '../../linux/netlink/rule-monitor.ts';
import { tableName } from './names.ts';
import { RuleWatch } from './rule-watch.ts';

const instance = 'a1b2' as never;
const theirs: RuleChange = { table: 'corp', what: 'base chain' };
const flushed: RuleChange = { table: tableName(instance), what: 'deleted' };

/** A watch whose looks are counted; `looked` resolves with the next one. */
function openWatch(found: readonly string[]) {
  let tell: ((change: RuleChange | 'lost') => void) | undefined;
  let looks = 0;
  let next = Promise.withResolvers<number>();
  const watchRules = (onChange: (change: RuleChange | 'lost') => void) => {
    tell = onChange;
    return { [Symbol.dispose]: () => undefined };
  };
  const mend = async () => {
    next.resolve(++looks);
    next = Promise.withResolvers<number>();
    return Promise.resolve(found);
  };
  const options = { instance, log: pino({ enabled: false }), watchRules };
  const watch = new RuleWatch(options, { mayStandIn: () => false } as never, mend);
  return {
    tell: (...changes: readonly (RuleChange | 'lost')[]) => changes.forEach((change) => tell?.(change)),
    /** After the look, not within it. */
    async looked(): Promise<number> {
      const count = await next.promise;
      await turn();
      return count;
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

describe('the watch on firewall rules', () => {
  it('looks once at many changes', async () => {
    using watch = openWatch([]);
    watch.tell(theirs, theirs, flushed, 'lost', theirs);
    expect(await watch.looked()).to.equal(1);
    watch.tell(flushed, theirs);
    expect(await watch.looked()).to.equal(2);
  });

  it("lets others' chains wait after a look that found nothing, but not the loss of ours", async () => {
    using watch = openWatch([]);
    using other = openWatch([]);
    watch.tell(theirs);
    await watch.looked();
    const second = watch.looked();
    watch.tell(theirs);
    other.tell(theirs);
    const first = await Promise.race([second.then(() => 'the one that has just looked'), other.looked()]);
    expect(first, 'look of the other').to.equal(1);
    watch.tell(flushed);
    expect(await second).to.equal(2);
  });

  it('looks again soon while there was something to mend', async () => {
    using watch = openWatch(['the table was gone']);
    for (const look of [1, 2, 3]) {
      watch.tell(theirs);
      expect(await watch.looked()).to.equal(look);
    }
  });
});
