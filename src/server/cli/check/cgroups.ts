import { parseCgroupMounts } from '../../../cgroups/mountinfo.ts';
import { failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

const wanted = ['cpu', 'memory', 'pids', 'cpuset', 'io'] as const;
const needed: ReadonlySet<string> = new Set(['cpu', 'memory', 'pids']);

/** Which control groups there are, and whether the runtimes will work with them. */
export async function checkCgroups(host: Host): Promise<readonly Finding[]> {
  const mounts = parseCgroupMounts((await host.read('/proc/self/mountinfo')) ?? '');
  const unified = mounts.find(({ version }) => version === 'v2');
  const left = unified === undefined ? [] : words(await host.read(`${unified.dir}/cgroup.controllers`));
  const legacy = mounts.filter(
    ({ version, options }) => version === 'v1' && !options.some((it) => it.startsWith('name=')),
  );
  const mend = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1';
  if (mounts.length === 0) return [failed('cgroups', 'not mounted', mend)];
  const kind = legacy.length === 0 ? 'v2' : unified === undefined ? 'v1' : 'v1 with v2 beside it (hybrid)';
  const there = new Set([...left, ...legacy.flatMap(({ options }) => options)]);
  // v1 calls the io controller blkio.
  if (there.has('blkio')) there.add('io');
  return [ok('cgroups', kind), ...missing(there), ...hybrid(left, legacy.length > 0)];
}

function missing(there: ReadonlySet<string>): readonly Finding[] {
  return wanted
    .filter((name) => !there.has(name))
    .map((name) => {
      const advice = `enable the ${name} controller: kernel command line cgroup_enable=${name}`;
      const found = 'no such controller';
      return needed.has(name) ? failed(`cgroup ${name}`, found, advice) : warn(`cgroup ${name}`, found, advice);
    });
}

/**
 * crun refuses a machine with v1 controllers where others are left to v2 ("cgroups in hybrid mode not
 * supported"); Debian's cgroupfs-mount and OpenRC leave hugetlb there.
 */
function hybrid(left: readonly string[], legacy: boolean): readonly Finding[] {
  if (!legacy || left.length === 0) return [];
  const mounts = left.map((name) => {
    const dir = `/sys/fs/cgroup/${name}`;
    return `mkdir -p ${dir} && mount -t cgroup -o ${name} cgroup ${dir}`;
  });
  const found = `${left.join(', ')} left to v2 beside v1: crun refuses to start containers`;
  return [failed('cgroup hybrid', found, `as root: ${mounts.join('; ')}`)];
}

const words = (text: string | undefined): readonly string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');
