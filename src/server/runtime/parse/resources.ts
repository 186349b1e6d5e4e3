import type { LinuxContainerResources } from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import { checkResources } from '../../../cgroups/resources.ts';
import type { ContainerResources } from '../../../sandbox/container/resources.ts';
import { cgroupResources } from '../../../sandbox/container/spec-resources.ts';
import { text, textMap, wholeNumber } from './values.ts';

const none: ContainerResources = {
  cpuShares: 0,
  cpuQuota: 0,
  cpuPeriod: 0,
  memoryLimitBytes: 0,
  memorySwapLimitBytes: 0,
  cpusetCpus: '',
  cpusetMems: '',
  oomScoreAdj: 0,
  pidsLimit: 0,
  hugepages: [],
  unified: {},
};

/** Limits, settled. Errors: `invalid_argument` naming the field, its value and what is allowed. */
export function parseResources(given: LinuxContainerResources | undefined): ContainerResources {
  if (given === undefined) return none;
  const score = given.oomScoreAdj;
  if (score < -1000n || score > 1000n)
    throw fail('invalid_argument', `resources.oom_score_adj is ${score}, allowed is -1000 to 1000`);
  const resources: ContainerResources = {
    cpuShares: wholeNumber(given.cpuShares, 'resources.cpu_shares', 0n),
    cpuQuota: wholeNumber(given.cpuQuota, 'resources.cpu_quota'),
    cpuPeriod: wholeNumber(given.cpuPeriod, 'resources.cpu_period', 0n),
    memoryLimitBytes: wholeNumber(given.memoryLimitInBytes, 'resources.memory_limit_in_bytes'),
    memorySwapLimitBytes: wholeNumber(given.memorySwapLimitInBytes, 'resources.memory_swap_limit_in_bytes'),
    cpusetCpus: text(given.cpusetCpus, 'resources.cpuset_cpus'),
    cpusetMems: text(given.cpusetMems, 'resources.cpuset_mems'),
    oomScoreAdj: Number(score),
    pidsLimit: 0,
    hugepages: given.hugepageLimits.map((page) => ({
      pageSize: page.pageSize,
      limit: wholeNumber(page.limit, `resources.hugepage_limits ${page.pageSize}`, 0n),
    })),
    unified: textMap(given.unified, 'resources.unified'),
  };
  checkResources(cgroupResources(resources));
  return resources;
}
