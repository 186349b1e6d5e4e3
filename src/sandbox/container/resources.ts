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
