import { expect } from 'chai';
import type { CricketEvent } from './event.ts';
import { parseFilters } from './filter.ts';

const event: CricketEvent = {
  ...{ seq: 1, time: '2026-01-01T00:00:00.000000Z', type: 'container', action: 'oom', attributes: {} },
  pod: { id: 'abcdef0123456789', namespace: 'müller', name: 'a=b' },
  container: { id: '0123456789abcdef', name: 'web' },
  image: 'localhost:5000/app:1',
};
const fits = (...texts: string[]) => parseFilters(texts)(event);

describe('filters of events', () => {
  it('know pods and containers by name and by the beginning of an id', () => {
    expect(fits('container=web', 'pod=a=b', 'namespace=müller', 'type=container', 'event=oom')).to.equal(true);
    expect([fits('pod=müller/a=b'), fits('container=012345'), fits('pod=abcdef')]).to.deep.equal([true, true, true]);
    expect([fits('container=01234'), fits('container=we'), fits('pod=b')]).to.deep.equal([false, false, false]);
    expect([fits('image=localhost:5000/app:1'), fits('image=localhost:5000/app')]).to.deep.equal([true, true]);
    expect([fits('image=localhost'), fits('image=app')]).to.deep.equal([false, false]);
  });

  it('take those of one key as alternatives, and want every key', () => {
    expect(fits('event=die', 'event=oom')).to.equal(true);
    expect(fits('event=oom', 'type=pod')).to.equal(false);
    expect(fits()).to.equal(true);
  });

  it('name the keys when one is unknown', () => {
    for (const text of ['nonsense=1', 'pod', 'pod=', '=x', 'constructor=1'])
      expect(() => fits(text), text).to.throw(/use KEY=VALUE with container, pod, namespace, type, event, image/);
  });
});
