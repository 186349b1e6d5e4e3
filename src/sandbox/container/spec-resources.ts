import type { Resources } from '../../cgroups/resources.ts';
import type { SpecResources } from '../oci/spec/input.ts';
import type { ContainerResources } from './resources.ts';

/** What decides limits beside the container's own wishes. */
interface SpecDefaults {
  /** Where it names none (-1: none). */
  readonly pidsLimit: number;
  /** Sizes of huge pages that the kernel has: of others a limit of 0 needs not be written, and cannot. */
  readonly hugepageSizes: readonly string[];
}

/** The limits a container is created with. */
export function specResources(resources: ContainerResources, defaults: SpecDefaults): SpecResources {
  return {
    ...resources,
    pidsLimit: resources.pidsLimit || (defaults.pidsLimit > 0 ? defaults.pidsLimit : 0),
    hugepages: resources.hugepages.filter(({ pageSize }) => defaults.hugepageSizes.includes(pageSize)),
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
