import { deviceRules } from './devices.ts';
import type { OciInteger, OciResources } from './oci.ts';
import type { SpecInput } from './input.ts';

/** Only what was given: an absent field leaves the kernel's default. */
export function resourceSection(input: SpecInput): OciResources {
  const wanted = input.resources;
  const pids = given(wanted.pidsLimit);
  return {
    devices: deviceRules(input),
    cpu: {
      shares: given(wanted.cpuShares),
      quota: given(wanted.cpuQuota),
      period: given(wanted.cpuPeriod),
      cpus: wanted.cpusetCpus || undefined,
      mems: wanted.cpusetMems || undefined,
    },
    memory: memorySection(input),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
    hugepageLimits: (wanted.hugepages ?? []).map(({ pageSize, limit }) => ({ pageSize, limit })),
    ...(Object.keys(wanted.unified ?? {}).length > 0 ? { unified: wanted.unified ?? {} } : {}),
    ...(Object.keys(input.blockIo).length > 0 ? { blockIO: input.blockIo } : {}),
  };
}

/**
 * A memory limit without a swap limit means no swap: limit and limit-with-swap are then the same. Where swap
 * is not accounted, the file does not exist and writing it would fail the container.
 */
function memorySection(input: SpecInput): NonNullable<OciResources['memory']> {
  const limit = given(input.resources.memoryLimitBytes);
  const swap = given(input.resources.memorySwapLimitBytes) ?? limit;
  return { limit, swap: input.host.swapAccounting ? swap : undefined };
}

/** As in CRI, 0 is "not given". */
const given = (value: OciInteger | undefined) => (Number(value) === 0 ? undefined : value);
