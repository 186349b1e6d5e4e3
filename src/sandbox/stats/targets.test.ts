import { expect } from 'chai';
import { noResources } from '../container/resources.ts';
import type { ContainerResources } from '../container/resources.ts';
import type { Container } from '../store/store.ts';
import { containerTarget } from './targets.ts';

const revisionOf = (resources: Partial<ContainerResources>): string => {
  const record = { id: 'c', cgroup: '/c', config: { resources: { ...noResources, ...resources } } };
  return containerTarget({ record, state: { kind: 'created' } } as unknown as Container).revision;
};

describe('a container to be measured', () => {
  const changes: readonly Partial<ContainerResources>[] = [
    { memoryLimitBytes: 1 },
    { memorySwapLimitBytes: 1 },
    { cpuQuota: 1 },
    { pidsLimit: 1 },
    { unified: { 'memory.swap.max': '1' } },
    { unified: { 'memory.swap.max': '2' } },
  ];

  it('is another one to limits that were read once any of them has changed', () => {
    const revisions = [{}, ...changes].map(revisionOf);
    expect(new Set(revisions).size).to.equal(revisions.length);
    expect(revisionOf({})).to.equal(revisionOf({}));
  });
});
