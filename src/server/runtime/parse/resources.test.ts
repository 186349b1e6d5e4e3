import { expect } from 'chai';
import { LinuxContainerResources } from '../../../../api/cri/v1/api.ts';
import { filled } from '../../../../hack/lib/cri-client.ts';
import { parseResources } from './resources.ts';

const refused = (act: () => unknown, said: string | RegExp) =>
  expect(act).to.throw(said).with.property('code', 'invalid_argument');

describe('parseResources', () => {
  const parse = (fields: Partial<LinuxContainerResources>) => parseResources(filled(LinuxContainerResources, fields));

  it('sets nothing where nothing is given', () => {
    expect(parseResources(undefined)).to.deep.equal(parse({}));
  });

  it('takes -1 as no limit, and no number below', () => {
    const none = { cpuQuota: -1n, memoryLimitInBytes: -1n, memorySwapLimitInBytes: -1n };
    expect(parse(none)).to.include({ cpuQuota: -1, memoryLimitBytes: -1, memorySwapLimitBytes: -1 });
    for (const field of ['cpuQuota', 'memoryLimitInBytes', 'memorySwapLimitInBytes'])
      refused(() => parse({ [field]: -2n }), 'at least -1');
  });

  it('takes an oom_score_adj that a process can have', () => {
    for (const oomScoreAdj of [-1000n, 0n, 1000n])
      expect(parse({ oomScoreAdj }).oomScoreAdj).to.equal(Number(oomScoreAdj));
    for (const oomScoreAdj of [-1001n, 1001n]) refused(() => parse({ oomScoreAdj }), 'oom_score_adj');
  });
});
