import { labelled, row } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import type { HugetlbStats } from '../../../cgroups/controllers/hugetlb.ts';
import type { ContainerFigures } from './figures.ts';

type F = Family<ContainerFigures>;

function family(
  naming: { readonly name: string; readonly help: string; readonly type: 'counter' | 'gauge' },
  value: (stats: HugetlbStats) => number | undefined,
): F {
  return labelled({ ...naming, name: `container_hugetlb_${naming.name}` }, ['pagesize'], ({ look }) =>
    (look.more?.hugetlb ?? []).flatMap((stats) => row([stats.pageSize], value(stats))),
  );
}

export const hugetlbFamilies: readonly F[] = [
  family({ name: 'usage_bytes', help: 'Huge pages in use.', type: 'gauge' }, ({ usage }) => usage),
  family(
    { name: 'max_usage_bytes', help: 'Most huge pages ever in use (cgroup v1).', type: 'gauge' },
    ({ peak }) => peak,
  ),
];

/** Beyond what is listed over CRI. */
export const moreHugetlbFamilies: readonly F[] = [
  family(
    { name: 'failcnt', help: 'Times that huge pages ran into their limit.', type: 'counter' },
    ({ failcnt }) => failcnt,
  ),
];
