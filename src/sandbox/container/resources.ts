import { z } from 'zod';

/**
 * Limits as the kubelet names them; 0 and '' mean not set. Bytes, microseconds (quota, period), shares.
 * Numbers, not bigints: the parser caps what no machine can hold at 2^53 - 1.
 */
export const resourcesSchema = z.object({
  cpuShares: z.number(),
  cpuQuota: z.number(),
  cpuPeriod: z.number(),
  memoryLimitBytes: z.number(),
  /** Memory and swap together; equal to the limit: no swap; -1: no limit. */
  memorySwapLimitBytes: z.number(),
  cpusetCpus: z.string(),
  cpusetMems: z.string(),
  oomScoreAdj: z.number(),
  pidsLimit: z.number(),
  hugepages: z.array(z.object({ pageSize: z.string(), limit: z.number() })),
  unified: z.record(z.string(), z.string()),
});
export type ContainerResources = Readonly<z.infer<typeof resourcesSchema>>;

export const noResources: ContainerResources = {
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

/** What is in force after an update: what is not given (0, '') stays. */
export function mergeResources(before: ContainerResources, wanted: ContainerResources): ContainerResources {
  const given = Object.entries(wanted).filter(([, value]) => value !== 0 && value !== '');
  const pages = new Map([...before.hugepages, ...wanted.hugepages].map((page) => [page.pageSize, page]));
  return {
    ...before,
    memorySwapLimitBytes: movedSwapLimit(before, wanted),
    ...Object.fromEntries(given),
    unified: { ...before.unified, ...wanted.unified },
    hugepages: [...pages.values()],
  };
}

/** A memory limit that changes alone keeps the allowance of swap: the limit of both moves with it. */
function movedSwapLimit(before: ContainerResources, { memoryLimitBytes }: ContainerResources): number {
  const both = before.memorySwapLimitBytes;
  if (both <= 0 || memoryLimitBytes === 0) return both;
  return memoryLimitBytes < 0 ? -1 : both + memoryLimitBytes - before.memoryLimitBytes;
}
