import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { HugepageLimit } from '../../../../api/cri/v1/api.ts';
import type { LinuxContainerResources } from '../../../../api/cri/v1/api.ts';
import { filled } from '../../../../hack/lib/cri-client.ts';
import { sharesToWeight } from '../../../../src/cgroups/controllers/cpu-weight.ts';
import { readCapabilities } from '../../../../src/linux/capabilities.ts';
import { cgroupFile } from '../../sandbox/lab.ts';
import type { FieldGroup, Place, Seen } from '../field-group.ts';

const MiB = 1024n * 1024n;
const pageSizes = readdirSync('/sys/kernel/mm/hugepages').map((name) => BigInt(/\d+/.exec(name)?.[0] ?? 0) * 1024n);
const nameOf = (size: bigint) => (size >= 1n << 30n ? `${size >> 30n}GB` : `${size >> 20n}MB`);
/** A whole disk, as the kernel numbers it: it limits no part of one. */
const disk = readdirSync('/sys/block').find((name) => /^(vd|sd|nvme|xvd)/.test(name));
const numbers = disk === undefined ? '' : readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim();
const unified: Readonly<Record<string, string>> = {
  ...{ 'memory.high': String(512n * MiB), 'memory.min': '4096', 'memory.oom.group': '1', 'pids.max': '77' },
  ...(numbers === '' ? {} : { 'io.max': `${numbers} rbps=max wbps=1048576 riops=max wiops=50` }),
};

const wishes = ({ cgroupVersion }: Place) =>
  fc.record({
    cpuShares: fc.constantFrom(0n, 2n, 102n, 512n, 1024n, 4096n, 262_144n),
    cpuPeriod: fc.constantFrom(0n, 1000n, 50_000n, 100_000n, 1_000_000n),
    /** Percent of a CPU. */
    cpu: fc.constantFrom(undefined, -1, 100, 150, 400),
    memory: fc.oneof(
      fc.constantFrom(0n, -1n),
      fc.integer({ min: 4096, max: 131_072 }).map((pages) => BigInt(pages) * 4096n),
    ),
    swap: fc.constantFrom<bigint | 'same'>(0n, -1n, 'same', 64n * MiB),
    oomScoreAdj: fc.constantFrom(0n, -998n, -1n, 2n, 1000n),
    cpusetCpus: fc.constantFrom('', '0', `0-${cpus().length - 1}`),
    cpusetMems: fc.constantFrom('', '0'),
    hugepages: fc.array(fc.nat(4), { maxLength: pageSizes.length }),
    unified: fc.subarray(cgroupVersion === 2 ? Object.keys(unified) : []),
    pod: fc.option(fc.constantFrom({ memory: 0n, shares: 0n }, { memory: 700n * MiB, shares: 2048n }), {
      nil: undefined,
    }),
    ulimits: fc.constantFrom(
      undefined,
      'nofile=64:128',
      'core=0, stack=unlimited:unlimited',
      'nproc=1000, memlock=65536',
    ),
  });
type Wish = ReturnType<typeof wishes> extends fc.Arbitrary<infer T> ? T : never;

const quotaOf = ({ cpu, cpuPeriod }: Wish) =>
  cpu === undefined ? 0n : cpu < 0 ? -1n : (BigInt(cpu) * (cpuPeriod || 100_000n)) / 100n;
/** Swap is what comes with a memory limit. */
const swapOf = ({ memory, swap }: Wish) =>
  memory <= 0n ? 0n : swap === 'same' ? memory : swap > 0n ? memory + swap : swap;
const pagesOf = ({ hugepages }: Wish) =>
  hugepages.map((count, index) => {
    const size = pageSizes[index] ?? 0n;
    return filled(HugepageLimit, { pageSize: nameOf(size), limit: BigInt(count) * size });
  });

function resourcesOf(wish: Wish): Partial<LinuxContainerResources> {
  const { cpuShares, cpuPeriod, oomScoreAdj, cpusetCpus, cpusetMems } = wish;
  return {
    ...{ cpuShares, cpuPeriod, oomScoreAdj, cpusetCpus, cpusetMems },
    cpuQuota: quotaOf(wish),
    memoryLimitInBytes: wish.memory,
    memorySwapLimitInBytes: swapOf(wish),
    hugepageLimits: pagesOf(wish),
    unified: Object.fromEntries(wish.unified.map((name) => [name, unified[name] ?? ''])),
  };
}

/** Limits of the container and of its pod. */
export const resourceFields: FieldGroup<Wish> = {
  wishes,
  put: (draft, wish) => {
    const { pod, ulimits } = wish;
    const container = { ...draft.container, resources: resourcesOf(wish) };
    const annotations = { ...draft.pod.annotations };
    if (ulimits !== undefined) annotations[`cricket/ulimits.${container.name}`] = ulimits;
    const whole = pod && { cpuShares: pod.shares, memoryLimitInBytes: pod.memory };
    const overhead = { cpuShares: 10n, memoryLimitInBytes: 10n * MiB };
    return { pod: { ...draft.pod, annotations, ...(whole && { resources: whole, overhead }) }, container };
  },
  check: (seen, wish) => {
    const { status, pid } = seen;
    expect(status.resources?.linux).to.deep.include(resourcesOf(wish));
    if (seen.place.cgroupVersion === 1) checkV1(seen, wish);
    else checkV2(seen, wish);
    for (const { pageSize, limit } of pagesOf(wish))
      expect(cgroupFile(seen.cgroup, `hugetlb.${pageSize}.limit_in_bytes`, `hugetlb.${pageSize}.max`)).to.equal(
        String(limit),
      );
    const own = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
    const score = readCapabilities().grantable.includes('CAP_SYS_RESOURCE')
      ? wish.oomScoreAdj
      : Math.max(own, Number(wish.oomScoreAdj));
    expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()).to.equal(String(score));
    checkUlimits(seen, wish);
  },
};

const numberIn = (text: string) => (text === 'max' || BigInt(text) >= 1n << 62n ? -1n : BigInt(text));

function checkV1({ cgroup }: Seen, wish: Wish): void {
  const read = (file: string) => numberIn(cgroupFile(cgroup, file));
  const memory = wish.memory > 0n ? wish.memory : -1n;
  expect(read('cpu.shares'), 'shares').to.equal(wish.cpuShares || 1024n);
  expect(read('cpu.cfs_quota_us'), 'quota').to.equal(quotaOf(wish) || -1n);
  expect(read('cpu.cfs_period_us'), 'period').to.equal(wish.cpuPeriod || 100_000n);
  expect(read('memory.limit_in_bytes'), 'memory').to.equal(memory);
  expect(read('memory.memsw.limit_in_bytes'), 'swap').to.equal(swapOf(wish) || memory);
  checkCpuset(cgroup, wish);
  if (wish.pod === undefined) return;
  const pod = cgroup.slice(0, cgroup.lastIndexOf('/'));
  const { memory: whole, shares } = wish.pod;
  expect(numberIn(cgroupFile(pod, 'memory.limit_in_bytes')), 'pod').to.equal(whole > 0n ? whole + 10n * MiB : -1n);
  expect(cgroupFile(pod, 'cpu.shares'), 'pod').to.equal(String(shares > 0n ? shares + 10n : 1024n));
}

function checkV2({ cgroup }: Seen, wish: Wish): void {
  const memory = wish.memory > 0n ? wish.memory : -1n;
  const swap = swapOf(wish);
  const period = wish.cpuPeriod || 100_000n;
  const quota = quotaOf(wish);
  expect(cgroupFile(cgroup, 'cpu.weight')).to.equal(
    String(wish.cpuShares > 0n ? sharesToWeight(wish.cpuShares) : 100n),
  );
  expect(cgroupFile(cgroup, 'cpu.max')).to.equal(`${quota > 0n ? quota : 'max'} ${period}`);
  expect(numberIn(cgroupFile(cgroup, 'memory.max')), 'memory').to.equal(memory);
  const allowance = memory < 0n || swap < 0n ? -1n : swap === 0n ? 0n : swap - memory;
  expect(numberIn(cgroupFile(cgroup, 'memory.swap.max')), 'swap').to.equal(allowance);
  for (const name of wish.unified) expect(cgroupFile(cgroup, name), name).to.equal(unified[name]);
  checkCpuset(cgroup, wish);
  if (wish.pod === undefined) return;
  const pod = cgroup.slice(0, cgroup.lastIndexOf('/'));
  const { memory: whole } = wish.pod;
  expect(numberIn(cgroupFile(pod, 'memory.max')), 'pod').to.equal(whole > 0n ? whole + 10n * MiB : -1n);
}

function checkCpuset(cgroup: string, { cpusetCpus, cpusetMems }: Wish): void {
  for (const [file, asked] of [
    ['cpuset.cpus', cpusetCpus],
    ['cpuset.mems', cpusetMems],
  ] as const)
    if (asked !== '') expect(cgroupFile(cgroup, file)).to.equal(asked);
}

function checkUlimits({ pid }: Seen, { ulimits }: Wish): void {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
  expect(limits).to.match(
    ulimits?.includes('nofile') === true ? /^Max open files +64 +128 /m : /^Max open files +1024 /m,
  );
  if (ulimits?.includes('core') === true) expect(limits).to.match(/^Max core file size +0 +0 /m);
  if (ulimits?.includes('nproc') === true) expect(limits).to.match(/^Max locked memory +65536 +65536 /m);
}
