import { expect } from 'chai';
import { errorFrom } from '../../base/errors.ts';
import { Feed } from './feed.ts';

const never = new AbortController().signal;
const errorOf = async (promise: Promise<unknown>) => promise.then(() => undefined, errorFrom);

describe('a feed', () => {
  it('gives every reader all that came since it was there, in order', async () => {
    const feed = new Feed<number>('things');
    feed.publish(0);
    using one = feed.subscribe(10);
    feed.publish(1);
    using two = feed.subscribe(10);
    const waiting = two.next(never);
    feed.publish(2);
    expect([await one.next(never), await one.next(never), await waiting]).to.deep.equal([1, 2, 2]);
  });

  it('cuts off a reader that does not keep up, and no other', async () => {
    const feed = new Feed<number>('things');
    using slow = feed.subscribe(2);
    using quick = feed.subscribe(3);
    for (const item of [1, 2, 3]) feed.publish(item);
    const error = await errorOf(slow.next(never));
    expect(error).to.have.property('code', 'resource_exhausted');
    expect(error?.message).to.contain('things: more than 2 events');
    feed.publish(4);
    expect(await errorOf(slow.next(never))).to.have.property('code', 'resource_exhausted');
    expect(feed.size, 'the quick one has fallen behind too by now').to.equal(0);
    expect(await errorOf(quick.next(never))).to.have.property('code', 'resource_exhausted');
  });

  it('ends a wait with its signal, and forgets who left', async () => {
    const feed = new Feed<number>('things');
    const reader = feed.subscribe(1);
    const gone = new AbortController();
    const waiting = errorOf(reader.next(gone.signal));
    gone.abort();
    expect(await waiting).to.have.property('code', 'cancelled');
    reader[Symbol.dispose]();
    expect(feed.size).to.equal(0);
  });
});
