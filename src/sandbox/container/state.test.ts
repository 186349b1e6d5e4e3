import { expect } from 'chai';
import fc from 'fast-check';
import { parseCheckpoint } from '../../base/checkpoint.ts';
import { CricketError } from '../../base/errors.ts';
import { containerStateKind, isLive, stepContainer } from './state.ts';
import type { ContainerEvent, ContainerState } from './state.ts';

const resources = {
  ...{ cpuShares: 2, cpuQuota: 0, cpuPeriod: 0, memoryLimitBytes: 0, memorySwapLimitBytes: 0 },
  ...{ cpusetCpus: '', cpusetMems: '', oomScoreAdj: 0, pidsLimit: 0, hugepages: [], unified: {} },
};
const made = {
  kind: 'made' as const,
  init: { pid: 10, start: '100' },
  monitor: { pid: 9, start: '99' },
  resources,
  user: { uid: 0, gid: 0, additionalGids: [] },
};
const unstartable = {
  ...{ kind: 'unstartable' as const, code: 128, reason: 'StartError', message: 'no such program', at: 30n },
  ...{ resources, user: made.user },
};
const end = { kind: 'ended' as const, code: 0, reason: 'Completed', message: '', at: 50n };

const event: fc.Arbitrary<ContainerEvent> = fc.oneof(
  fc.constant(made),
  fc.constant(unstartable),
  fc.constant({ kind: 'starting' as const }),
  fc.record({ kind: fc.constant('started' as const), at: fc.bigInt({ min: 1n, max: 2n ** 63n }) }),
  fc.constant({ kind: 'not-started' as const }),
  fc.integer({ min: 2, max: 1000 }).map((cpuShares) => ({
    kind: 'updated' as const,
    resources: { ...resources, cpuShares },
  })),
  fc.record({
    kind: fc.constant('ended' as const),
    code: fc.integer({ min: 0, max: 255 }),
    reason: fc.string(),
    message: fc.string(),
    at: fc.bigInt({ min: 1n, max: 2n ** 63n }),
  }),
  fc.constant({ kind: 'released' as const }),
  fc.record({ kind: fc.constant('broke' as const), reason: fc.string() }),
  fc.constant({ kind: 'removing' as const }),
);
/** Mostly what happens in this order, with anything in between. */
const events = fc
  .tuple(fc.array(event, { maxLength: 2 }), fc.array(event, { maxLength: 8 }))
  .chain(([early, late]) =>
    fc
      .constantFrom<ContainerEvent>(made, made, made, unstartable)
      .map((first): ContainerEvent[] => [first, ...early, { kind: 'starting' }, ...late]),
  );

const text = (state: ContainerState) =>
  JSON.stringify(state, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));

function walk(all: readonly ContainerEvent[]): readonly ContainerState[] {
  const states: ContainerState[] = [{ kind: 'creating' }];
  for (const one of all) {
    const before = states.at(-1) as ContainerState;
    const written = text(before);
    try {
      states.push(stepContainer(before, one));
    } catch (error) {
      expect(error).to.be.instanceOf(CricketError).with.property('code', 'failed_precondition');
    }
    expect(text(before), 'a step must not write into the state it was given').to.equal(written);
  }
  return states;
}

const run = (...all: ContainerEvent[]) => walk(all).at(-1);

describe('states of a container', () => {
  it('keeps when it was started over its end', () => {
    const state = run(made, { kind: 'starting' }, { kind: 'started', at: 40n }, end);
    expect(state).to.include({ kind: 'exited', startedAt: 40n, finishedAt: 50n, released: false });
  });

  it('was started even if it ended before the runtime said so', () => {
    expect(run(made, { kind: 'starting' }, end, { kind: 'started', at: 40n })).to.include({
      kind: 'exited',
      startedAt: 40n,
    });
  });

  it('was never started if it ended before a start', () => {
    expect(run(made, end)).to.include({ kind: 'exited', startedAt: 0n });
  });

  it('has ended from the first where it cannot be started, and holds nothing', () => {
    expect(run(unstartable)).to.include({
      ...{ kind: 'exited', code: 128, reason: 'StartError', message: 'no such program' },
      ...{ startedAt: 0n, finishedAt: 30n, released: true },
    });
    expect(() => stepContainer(stepContainer({ kind: 'creating' }, made), unstartable)).to.throw('created');
  });

  it('can be started again after a start that did not take place', () => {
    expect(run(made, { kind: 'starting' }, { kind: 'not-started' }, { kind: 'starting' })).to.include({
      kind: 'starting',
    });
  });

  it('takes new limits only while it lives', () => {
    const more = { kind: 'updated' as const, resources: { ...resources, cpuShares: 77 } };
    expect(run(made, more)).to.deep.include({ resources: more.resources });
    expect(() => stepContainer(stepContainer(stepContainer({ kind: 'creating' }, made), end), more)).to.throw('exited');
  });

  it('never lives again once it has ended, whatever happens', () => {
    fc.assert(
      fc.property(events, (all) => {
        const states = walk(all);
        const ended = states.findIndex(({ kind }) => kind !== 'creating' && !isLive({ kind } as ContainerState));
        if (ended >= 0) expect(states.slice(ended).some(isLive)).to.equal(false);
      }),
    );
  });

  it('has one end: the first one told', () => {
    fc.assert(
      fc.property(events, (all) => {
        const ends = walk(all).flatMap((state) =>
          state.kind === 'exited' ? [[state.code, state.reason, state.message, state.finishedAt]] : [],
        );
        for (const one of ends) expect(one).to.deep.equal(ends[0]);
      }),
    );
  });

  it('keeps its processes while it lives', () => {
    fc.assert(
      fc.property(events, (all) => {
        for (const state of walk(all).filter(isLive))
          expect([state.init, state.monitor]).to.deep.equal([made.init, made.monitor]);
      }),
    );
  });

  it('comes back from its record as it was written', () => {
    fc.assert(
      fc.property(events, (all) => {
        for (const state of walk(all)) {
          const { name, version } = containerStateKind;
          const record = `{"kind":"${name}","version":${version},"data":${text(state)}}`;
          expect(parseCheckpoint(containerStateKind, 'state.json', record)).to.deep.equal(state);
        }
      }),
    );
  });
});
