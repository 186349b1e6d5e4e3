import { expect } from 'chai';
import { unlimited } from './rlimits.ts';
import { containerLimits } from './ulimits.ts';

const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1024n, hard: 4096n }];
const settings = { rlimits, ulimitsByAnnotation: true, hardLimits: new Map([['NOFILE', 5000n]]) };
const of = (list: string, more: object = {}) =>
  containerLimits('web', { 'cricket/ulimits.web': list, 'cricket/ulimits.db': 'core=1' }, { ...settings, ...more });

describe('limits of a container', () => {
  it('are those of the configuration, and over them those of its own annotation', () => {
    expect(containerLimits('web', { 'cricket/ulimits': 'core=1' }, settings)).to.equal(rlimits);
    expect(of('nofile=10:5000 , core=0,memlock=unlimited')).to.deep.equal([
      { type: 'RLIMIT_NOFILE', soft: 10n, hard: 5000n },
      { type: 'RLIMIT_CORE', soft: 0n, hard: 0n },
      { type: 'RLIMIT_MEMLOCK', soft: unlimited, hard: unlimited },
    ]);
    expect(of('nofile=10', { ulimitsByAnnotation: false })).to.equal(rlimits);
  });

  for (const [list, said] of [
    ['', 'must be name='],
    ['nofile', 'must be name='],
    ['nofile=-1', 'must be name='],
    ['nofile=1:2:3', 'must be name='],
    ['nofile=99999999999999999999', 'must be name='],
    ['core=1,', 'must be name='],
    ['files=1', 'known are as, core'],
    ['core=1,core=2', 'twice'],
    ['core=2:1', 'above the hard one'],
    ['core=unlimited:1', 'above the hard one'],
    ['nofile=5001', 'at most 5000'],
    ['nofile=1:unlimited', 'at most 5000'],
    ['ü'.repeat(1000), 'must be name='],
  ] as const)
    it(`are not ${JSON.stringify(list.slice(0, 40))}`, () => {
      expect(() => of(list))
        .to.throw(said)
        .with.property('code', 'invalid_argument');
    });
});
