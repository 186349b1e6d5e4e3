import type { LinuxContainerResources, LinuxPodSandboxConfig } from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import { checkResources } from '../../../cgroups/resources.ts';
import { noResources } from '../../../sandbox/container/resources.ts';
import type { ContainerResources } from '../../../sandbox/container/resources.ts';
import { cgroupResources } from '../../../sandbox/container/spec-resources.ts';
import type { PodResources } from '../../../sandbox/pod/resources-schema.ts';
import { text, textMap, wholeNumber } from './values.ts';

/** Those of a new container: what an update may leave as it is must be said. Errors: `invalid_argument`. */
export function parseNewResources(given: LinuxContainerResources | undefined): ContainerResources {
  const resources = parseResources(given);
  const { memoryLimitBytes, memorySwapLimitBytes } = resources;
  if (memorySwapLimitBytes > 0 && memoryLimitBytes <= 0)
    throw fail(
      'invalid_argument',
      `resources.memory_swap_limit_in_bytes is ${memorySwapLimitBytes} without resources.memory_limit_in_bytes; it is memory and swap together, give both`,
    );
  return resources;
}

/** Those of a whole pod; a message that is missing is null. Errors: `invalid_argument` naming the field. */
export function parsePodResources(
  given: Pick<LinuxPodSandboxConfig, 'overhead' | 'resources'> | undefined,
): PodResources {
  const parsed = (message: LinuxContainerResources | undefined, field: string) =>
    message === undefined ? null : parseResources(message, field);
  return { overhead: parsed(given?.overhead, 'overhead'), resources: parsed(given?.resources, 'resources') };
}

/** Limits, settled. Errors: `invalid_argument` naming the field, its value and what is allowed. */
export function parseResources(given: LinuxContainerResources | undefined, field = 'resources'): ContainerResources {
  if (given === undefined) return noResources;
  const score = given.oomScoreAdj;
  if (score < -1000n || score > 1000n)
    throw fail('invalid_argument', `${field}.oom_score_adj is ${score}, allowed is -1000 to 1000`);
  const resources: ContainerResources = {
    cpuShares: wholeNumber(given.cpuShares, `${field}.cpu_shares`, 0n),
    cpuQuota: wholeNumber(given.cpuQuota, `${field}.cpu_quota`),
    cpuPeriod: wholeNumber(given.cpuPeriod, `${field}.cpu_period`, 0n),
    memoryLimitBytes: wholeNumber(given.memoryLimitInBytes, `${field}.memory_limit_in_bytes`),
    memorySwapLimitBytes: wholeNumber(given.memorySwapLimitInBytes, `${field}.memory_swap_limit_in_bytes`),
    cpusetCpus: text(given.cpusetCpus, `${field}.cpuset_cpus`),
    cpusetMems: text(given.cpusetMems, `${field}.cpuset_mems`),
    oomScoreAdj: Number(score),
    pidsLimit: 0,
    hugepages: given.hugepageLimits.map((page) => ({
      pageSize: page.pageSize,
      limit: wholeNumber(page.limit, `${field}.hugepage_limits ${page.pageSize}`, 0n),
    })),
    unified: textMap(given.unified, `${field}.unified`),
  };
  checkResources(cgroupResources(resources));
  return resources;
}
