import type { Resources } from '../../cgroups/resources.ts';
import type { SpecResources } from '../oci/spec/input.ts';
import type { ContainerResources } from './resources.ts';

/** The limits a container is created with; `pidsDefault` where it names none (-1: none). */
export function specResources(resources: ContainerResources, pidsDefault: number): SpecResources {
  const pidsLimit = resources.pidsLimit || (pidsDefault > 0 ? pidsDefault : 0);
  return {
    ...resources,
    pidsLimit,
  };
}

/** The same limits for an update of the cgroup. */
export function cgroupResources(resources: ContainerResources): Resources {
  return {
    cpuShares: BigInt(resources.cpuShares),
    cpuQuota: BigInt(resources.cpuQuota),
    cpuPeriod: BigInt(resources.cpuPeriod),
    memoryLimitBytes: BigInt(resources.memoryLimitBytes),
    memorySwapLimitBytes: BigInt(resources.memorySwapLimitBytes),
    cpusetCpus: resources.cpusetCpus,
    cpusetMems: resources.cpusetMems,
    pidsLimit: BigInt(resources.pidsLimit),
    hugepages: resources.hugepages.map(({ pageSize, limit }) => ({ pageSize, limit: BigInt(limit) })),
    unified: resources.unified,
  };
}
