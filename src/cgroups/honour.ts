import { fail } from '../base/errors.ts';
import { v1Name } from './controllers.ts';
import type { ControllerName } from './controllers.ts';
import { readerOf } from './group.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';
import type { Resources } from './resources.ts';

/**
 * Refuses limits that this host cannot hold, before anything is written. `near`: the cgroup itself, or the one it shall
 * be made in. Errors: `failed_precondition` naming the field and what the host lacks.
 */
export function checkHonoured(layout: Layout, near: CgroupPath, resources: Resources): void {
  for (const [controller, field] of wantedControllers(resources)) checkController(layout, controller, field);
  checkHugepages(layout, resources);
  checkSwap(layout, near, resources);
  checkUnified(layout, near, resources);
}

function wantedControllers(resources: Resources): readonly (readonly [ControllerName, string])[] {
  const { cpuShares = 0n, cpuQuota = 0n, cpuPeriod = 0n, memoryLimitBytes = 0n, pidsLimit = 0n } = resources;
  const wanted: readonly (readonly [boolean, ControllerName, string])[] = [
    [cpuShares !== 0n, 'cpu', 'cpu shares'],
    [cpuQuota > 0n, 'cpu', 'cpu quota'],
    [cpuPeriod !== 0n && cpuQuota > 0n, 'cpu', 'cpu period'],
    [memoryLimitBytes > 0n, 'memory', 'memory limit'],
    [(resources.cpusetCpus ?? '') !== '', 'cpuset', 'cpuset cpus'],
    [(resources.cpusetMems ?? '') !== '', 'cpuset', 'cpuset mems'],
    [pidsLimit > 0n, 'pids', 'limit of processes'],
    [(resources.hugepages ?? []).some(({ limit }) => limit > 0n), 'hugetlb', 'limit of huge pages'],
  ];
  return wanted.flatMap(([isWanted, controller, field]) => (isWanted ? [[controller, field] as const] : []));
}

function checkController(layout: Layout, name: ControllerName, field: string): void {
  if (layout.homes.has(v1Name(name)) || layout.homes.has(name)) return;
  throw cannot(field, `this host has no ${v1Name(name)} controller; cricket check tells how to get it`);
}

/** The kubelet names every size of its node with a limit of 0; a size that no one here can use needs none. */
function checkHugepages({ hugepageSizes }: Layout, { hugepages = [] }: Resources): void {
  for (const { pageSize, limit } of hugepages)
    if (limit > 0n && !hugepageSizes.includes(pageSize))
      throw cannot(`huge pages of ${pageSize}`, `this kernel has ${hugepageSizes.join(', ') || 'none'}`);
}

/** A limit that is lifted needs no accounting. */
function checkSwap(layout: Layout, near: CgroupPath, { memorySwapLimitBytes = 0n }: Resources): void {
  if (memorySwapLimitBytes > 0n && !accountsSwap(layout, near))
    throw cannot(
      'memory and swap limit',
      'this kernel accounts no swap; boot it with swapaccount=1, or give no limit of swap',
    );
}

function accountsSwap(layout: Layout, near: CgroupPath): boolean {
  const read = readerOf(layout, near);
  const v1 = layout.homes.get('memory')?.version === 'v1';
  return read(v1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max') !== undefined;
}

function checkUnified(layout: Layout, near: CgroupPath, { unified = {} }: Resources): void {
  const [first] = Object.keys(unified);
  if (first === undefined) return;
  if (layout.version === 'v1')
    throw cannot(`unified ${first}`, 'this host has cgroup v1, and files of unified are those of cgroup v2');
  const read = readerOf(layout, near);
  for (const file of Object.keys(unified)) {
    const controller = file.slice(0, file.indexOf('.'));
    if (!layout.homes.has(controller)) throw cannot(`unified ${file}`, `this host has no ${controller} controller`);
    if (read(file) === undefined)
      throw cannot(`unified ${file}`, `this kernel has no such file, or cgroup ${near} no ${controller} controller`);
  }
}

function cannot(field: string, why: string) {
  return fail('failed_precondition', `resources: ${field} cannot be set here: ${why}`);
}
