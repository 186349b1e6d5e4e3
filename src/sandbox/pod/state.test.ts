import { expect } from 'chai';
import fc from 'fast-check';
import { parseCheckpoint } from '../../base/checkpoint.ts';
import { CricketError } from '../../base/errors.ts';
import { isReady, podStateKind, stepPod } from './state.ts';
import type { PodEvent, PodState } from './state.ts';

const event = fc.oneof(
  fc.record({ kind: fc.constant('made' as const), ips: fc.array(fc.ipV4(), { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('init-made' as const), pid: fc.integer({ min: 1 }), start: fc.string() }),
  fc.constant({ kind: 'stopping' as const }),
  fc.constant({ kind: 'stopped' as const }),
  fc.record({ kind: fc.constant('broke' as const), reason: fc.string() }),
  fc.constant({ kind: 'removing' as const }),
);
const events = fc.array(event, { maxLength: 12 });

/** The state after each event; a refused one leaves it as it was. */
function walk(all: readonly PodEvent[]): readonly PodState[] {
  const states: PodState[] = [{ kind: 'creating' }];
  for (const one of all) {
    const before = states.at(-1) as PodState;
    const text = JSON.stringify(before);
    try {
      states.push(stepPod(before, one));
    } catch (error) {
      expect(error).to.be.instanceOf(CricketError).with.property('code', 'failed_precondition');
    }
    expect(JSON.stringify(before), 'a step must not write into the state it was given').to.equal(text);
  }
  return states;
}

const run = (...all: PodEvent[]) => walk(all).at(-1);

describe('states of a sandbox', () => {
  it('goes from made over stopped to removing', () => {
    expect(run({ kind: 'made', ips: ['10.0.0.2'] })).to.deep.equal({
      kind: 'ready',
      ips: ['10.0.0.2'],
      initPid: 0,
      initStart: '',
    });
    expect(run({ kind: 'made', ips: [] }, { kind: 'stopping' }, { kind: 'stopped' })).to.deep.equal({
      kind: 'stopped',
    });
    expect(run({ kind: 'made', ips: [] }, { kind: 'stopped' }, { kind: 'removing' })).to.deep.equal({
      kind: 'removing',
    });
  });

  it('is stopped again after a stop of a stopped one, and can be stopped when broken', () => {
    expect(run({ kind: 'made', ips: [] }, { kind: 'stopped' }, { kind: 'stopping' })).to.deep.equal({
      kind: 'stopped',
    });
    expect(run({ kind: 'broke', reason: 'x' }, { kind: 'stopping' }, { kind: 'stopped' })).to.deep.equal({
      kind: 'stopped',
    });
  });

  it('keeps its addresses when its init is made', () => {
    const state = run({ kind: 'made', ips: ['10.0.0.2'] }, { kind: 'init-made', pid: 7, start: '9' });
    expect(state).to.deep.equal({ kind: 'ready', ips: ['10.0.0.2'], initPid: 7, initStart: '9' });
  });

  it('is never ready again once it has left that state, whatever happens', () => {
    fc.assert(
      fc.property(events, (all) => {
        const states = walk(all);
        const first = states.findIndex(isReady);
        const left = first < 0 ? -1 : states.findIndex((state, i) => i > first && !isReady(state));
        if (left >= 0) expect(states.slice(left).some(isReady)).to.equal(false);
      }),
    );
  });

  it('leaves a removal only for broken', () => {
    fc.assert(
      fc.property(events, (all) => {
        const states = walk(all);
        for (const [i, state] of states.entries())
          if (i > 0 && states[i - 1]?.kind === 'removing') expect(state.kind).to.be.oneOf(['removing', 'broken']);
      }),
    );
  });

  it('comes back from its record as it was written', () => {
    fc.assert(
      fc.property(events, (all) => {
        for (const state of walk(all)) {
          const text = JSON.stringify({ kind: podStateKind.name, version: podStateKind.version, data: state });
          expect(parseCheckpoint(podStateKind, 'state.json', text)).to.deep.equal(state);
        }
      }),
    );
  });
});
