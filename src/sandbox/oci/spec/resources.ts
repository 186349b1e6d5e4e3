import { sharesToWeight } from '../../../cgroups/controllers/cpu-weight.ts';
import { deviceRules } from './devices.ts';
import type { OciInteger, OciResources } from './oci.ts';
import type { SpecInput } from './input.ts';

/**
 * Only what was given: an absent field leaves the kernel's default. Of a new cgroup that is no limit, so that one which is
 * lifted (-1) needs not be written either: crun writes a quota of -1 as a number that v1 refuses.
 */
export function resourceSection(input: SpecInput): OciResources {
  const wanted = input.resources;
  const pids = limiting(wanted.pidsLimit);
  const unified = { ...weightSection(input), ...wanted.unified };
  return {
    devices: deviceRules(input),
    cpu: {
      shares: given(wanted.cpuShares),
      quota: limiting(wanted.cpuQuota),
      period: given(wanted.cpuPeriod),
      cpus: wanted.cpusetCpus || undefined,
      mems: wanted.cpusetMems || undefined,
    },
    memory: memorySection(input),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
    hugepageLimits: (wanted.hugepages ?? []).map(({ pageSize, limit }) => ({ pageSize, limit })),
    ...(Object.keys(unified).length > 0 ? { unified } : {}),
    ...(Object.keys(input.blockIo).length > 0 ? { blockIO: input.blockIo } : {}),
  };
}

/**
 * Runtimes before crun 1.23 and runc 1.3.2 have a conversion of shares of their own, which gives another weight than an
 * update with the same shares would. They write `unified` last.
 */
function weightSection({ host, resources }: SpecInput): Readonly<Record<string, string>> {
  const shares = given(resources.cpuShares);
  if (host.cgroupVersion !== 2 || shares === undefined) return {};
  return { 'cpu.weight': `${sharesToWeight(BigInt(shares))}` };
}

/**
 * A memory limit without a swap limit means no swap: limit and limit-with-swap are then the same. Where swap
 * is not accounted, the file does not exist and writing it would fail the container.
 */
function memorySection(input: SpecInput): NonNullable<OciResources['memory']> {
  const limit = limiting(input.resources.memoryLimitBytes);
  const swap = limit === undefined ? undefined : (given(input.resources.memorySwapLimitBytes) ?? limit);
  return { limit, swap: input.host.swapAccounting ? swap : undefined };
}

const limiting = (value: OciInteger | undefined) => (Number(value) > 0 ? value : undefined);

/** As in CRI, 0 is "not given". */
const given = (value: OciInteger | undefined) => (Number(value) === 0 ? undefined : value);
