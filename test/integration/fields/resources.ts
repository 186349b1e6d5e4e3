import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { HugepageLimit } from '../../../api/cri/v1/api.ts';
import type { LinuxContainerResources } from '../../../api/cri/v1/api.ts';
import { statusOf, filled } from '../../../hack/lib/cri-client.ts';
import { containerGroup } from '../../fixtures/daemon/groups.ts';
import { createContainer, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import { cgroupFile, initPid } from '../sandbox/lab.ts';
import { honoured, told } from './fields.ts';
import type { Fates, Stage } from './fields.ts';
import { walkGroup } from './stage.ts';

const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const MiB = 1024n * 1024n;

interface Limit {
  readonly given: Partial<LinuxContainerResources>;
  /** What its cgroup says then. */
  readonly shows: (file: (...names: readonly string[]) => string) => string;
  readonly expected: string;
  /** It is refused where the host cannot, with this word. */
  readonly word?: string;
}

const pages: Limit = {
  given: { hugepageLimits: [filled(HugepageLimit, { pageSize: '2MB', limit: 4n * MiB })] },
  shows: (file) => file('hugetlb.2MB.limit_in_bytes', 'hugetlb.2MB.max'),
  ...{ expected: String(4n * MiB), word: '2MB' },
};
const cpu = { cpuQuota: 50_000n, cpuPeriod: 200_000n };
const limits: Readonly<Record<string, Limit>> = {
  cpu_period: {
    given: cpu,
    shows: (file) => (v2 ? (file('cpu.max').split(' ')[1] ?? '') : file('cpu.cfs_period_us')),
    expected: '200000',
  },
  cpu_quota: {
    given: cpu,
    shows: (file) => (v2 ? (file('cpu.max').split(' ')[0] ?? '') : file('cpu.cfs_quota_us')),
    expected: '50000',
  },
  // 59: by the formula of kubelets since 1.35.
  cpu_shares: {
    given: { cpuShares: 512n },
    shows: (file) => file('cpu.shares', 'cpu.weight'),
    expected: v2 ? '59' : '512',
  },
  memory_limit_in_bytes: {
    given: { memoryLimitInBytes: 64n * MiB },
    shows: (file) => file('memory.limit_in_bytes', 'memory.max'),
    expected: String(64n * MiB),
  },
  cpuset_cpus: { given: { cpusetCpus: '0' }, shows: (file) => file('cpuset.cpus'), expected: '0' },
  cpuset_mems: { given: { cpusetMems: '0' }, shows: (file) => file('cpuset.mems'), expected: '0' },
  'hugepage_limits.page_size': pages,
  'hugepage_limits.limit': pages,
  unified: {
    given: { unified: { 'memory.high': String(32n * MiB) } },
    shows: (file) => file('memory.high'),
    ...{ expected: String(32n * MiB), word: 'unified' },
  },
  memory_swap_limit_in_bytes: {
    given: { memoryLimitInBytes: 64n * MiB, memorySwapLimitInBytes: 96n * MiB },
    shows: (file) => file('memory.memsw.limit_in_bytes', 'memory.swap.max'),
    ...{ expected: String((v2 ? 32n : 96n) * MiB), word: 'swap' },
  },
};

let names = 0;

/** In force, or refused in so many words where this host cannot. */
async function proveLimit(limit: Limit, make: () => Promise<string>): Promise<void> {
  const { shows, expected, word } = limit;
  try {
    const group = await make();
    expect(shows((...files) => cgroupFile(group, ...files))).to.equal(expected);
  } catch (error) {
    const said = statusOf(error)?.message;
    if (said === undefined || word === undefined) throw error;
    expect(said).to.contain(word);
  }
}

export const containerLimits: Fates = {
  ...Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [
      `ContainerConfig.linux.resources.${name}`,
      honoured(async ({ cricket, pod }) =>
        proveLimit(limit, async () => {
          const { id } = await createContainer(cricket, pod, { name: `limit${names++}`, resources: limit.given });
          return containerGroup(walkGroup(cricket), id);
        }),
      ),
    ]),
  ),
  'ContainerConfig.linux.resources.oom_score_adj': honoured(async ({ cricket, pod }) => {
    const container = await runContainer(cricket, pod, { name: 'score', resources: { oomScoreAdj: 777n } });
    expect(readFileSync(`/proc/${await initPid(cricket, container)}/oom_score_adj`, 'utf8')).to.equal('777\n');
  }),
};

/** The pod's own cgroup, where we make it. */
async function podWithLimit({ cricket }: Stage, limit: Limit): Promise<void> {
  await proveLimit(limit, async () => {
    const { id } = await runPod(cricket, { name: `limit${names++}`, resources: limit.given });
    return cricket.podCgroup(id);
  });
}

/** An overhead is added to limits; what cannot be added is for runtimes that are virtual machines. */
async function tells({ cricket }: Stage, of: 'overhead' | 'resources', field: string): Promise<void> {
  const given = { ...cpu, cpuShares: 5n, memoryLimitInBytes: MiB, oomScoreAdj: 5n, cpusetCpus: '0', cpusetMems: '0' };
  const { id } = await runPod(cricket, { name: `${of}${names++}`, [of]: given });
  const { info } = await cricket.client.runtime.podSandboxStatus({ podSandboxId: id, verbose: true });
  const { config } = JSON.parse(info['info'] ?? '') as { config: { linux: Record<string, Record<string, unknown>> } };
  expect(config.linux[of]).to.have.property(field.split('.')[0] ?? '');
  await removePod(cricket, id);
}

const paths = [...Object.keys(limits), 'oom_score_adj'];
export const podLimits: Fates = Object.fromEntries(
  paths.flatMap((name) => {
    const limit = limits[name];
    const ofResources =
      limit === undefined
        ? told(async (stage) => tells(stage, 'resources', name))
        : honoured(async (stage) => podWithLimit(stage, limit));
    return [
      [`PodSandboxConfig.linux.resources.${name}`, ofResources],
      [`PodSandboxConfig.linux.overhead.${name}`, told(async (stage) => tells(stage, 'overhead', name))],
    ];
  }),
);
