import type { LinuxContainerResources } from '../../../../api/cri/v1/api.ts';
import type { ContainerResources } from '../../../sandbox/container/resources.ts';

export function encodeResources(resources: ContainerResources): LinuxContainerResources {
  return {
    cpuPeriod: BigInt(resources.cpuPeriod),
    cpuQuota: BigInt(resources.cpuQuota),
    cpuShares: BigInt(resources.cpuShares),
    memoryLimitInBytes: BigInt(resources.memoryLimitBytes),
    oomScoreAdj: BigInt(resources.oomScoreAdj),
    cpusetCpus: resources.cpusetCpus,
    cpusetMems: resources.cpusetMems,
    hugepageLimits: resources.hugepages.map(({ pageSize, limit }) => ({ pageSize, limit: BigInt(limit) })),
    unified: { ...resources.unified },
    memorySwapLimitInBytes: BigInt(resources.memorySwapLimitBytes),
  };
}
