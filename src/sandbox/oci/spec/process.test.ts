import { expect } from 'chai';
import { effectiveOomScoreAdj } from './oom-score.ts';
import { encodeSpec, readSpecText } from './encode.ts';
import { rlimitSection, unlimited } from './rlimits.ts';
import { sampleInput } from './sample.test.ts';
import { buildSpec } from './spec.ts';

describe('process', () => {
  it('carries user, directory, labels and flags', () => {
    const { process } = buildSpec(
      sampleInput({
        cwd: '/srv',
        terminal: true,
        noNewPrivileges: true,
        apparmorProfile: 'cricket',
        selinux: { processLabel: 'p', mountLabel: 'm' },
        oomScoreAdj: -5,
        user: { uid: 7, gid: 8, additionalGids: [9, 3, 9] },
      }),
    );
    expect(process).to.include({ cwd: '/srv', terminal: true, noNewPrivileges: true, apparmorProfile: 'cricket' });
    expect(process).to.include({ selinuxLabel: 'p', oomScoreAdj: -5 });
    expect(process.user).to.deep.include({ uid: 7, gid: 8, additionalGids: [3, 8, 9] });
  });

  it('refuses an argument that no program can be given', () => {
    expect(() => buildSpec(sampleInput({ args: ['/a', 'b\0'] })))
      .to.throw('argument 1 holds a NUL')
      .with.property('code', 'invalid_argument');
  });

  it('hides nothing of /proc from privileged containers', () => {
    const paths = { maskedPaths: ['/proc/kcore'], readonlyPaths: ['/proc/sys'] };
    expect(buildSpec(sampleInput(paths)).linux).to.deep.include(paths);
    const privileged = buildSpec(sampleInput({ ...paths, privileged: true })).linux;
    expect(privileged).to.deep.include({ maskedPaths: [], readonlyPaths: [] });
  });

  it('writes unlimited limits as the number they are', () => {
    const rlimits = [{ type: 'RLIMIT_CORE', soft: 0, hard: unlimited }];
    const text = encodeSpec(buildSpec(sampleInput({ rlimits })));
    expect(text).to.include('"soft":0,"hard":18446744073709551615}');
    expect(JSON.stringify(readSpecText(text)), 'written again for an exec').to.equal(text);
  });

  it('refuses limits that setrlimit would', () => {
    const refused = (limits: Parameters<typeof rlimitSection>[1], why: string) =>
      expect(() => rlimitSection('abc', limits))
        .to.throw(why)
        .with.property('code', 'invalid_argument');
    const limit = (type: string, soft: number, hard: number) => ({ type, soft, hard });
    refused([limit('NOFILE', 1, 1)], 'no such limit');
    refused([limit('RLIMIT_NOFILE', 2, 1)], 'above the hard one');
    refused([limit('RLIMIT_NOFILE', 1, 1), limit('RLIMIT_NOFILE', 1, 1)], 'given twice');
  });

  it('never asks for an oom_score_adj below its own without leave', () => {
    expect(effectiveOomScoreAdj(-997, 0, false)).to.equal(0);
    expect(effectiveOomScoreAdj(-997, 0, true)).to.equal(-997);
    expect(effectiveOomScoreAdj(1000, -999, false)).to.equal(1000);
  });
});
