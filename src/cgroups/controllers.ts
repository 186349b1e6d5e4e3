import type { Controller, Side } from './controllers/controller.ts';
import { cpu } from './controllers/cpu.ts';
import { cpuset } from './controllers/cpuset.ts';
import { hugetlb } from './controllers/hugetlb.ts';
import { io } from './controllers/io.ts';
import { memory } from './controllers/memory.ts';
import { pids } from './controllers/pids.ts';
import type { Layout } from './layout.ts';

/** The controllers that Cricket works with, by their v2 name. */
export const controllerNames = ['cpu', 'memory', 'pids', 'io', 'cpuset', 'hugetlb'] as const;
export type ControllerName = (typeof controllerNames)[number];

/** One record, typed per controller. */
export function controllersFor(layout: Layout) {
  return { cpu, memory, pids, io, cpuset, hugetlb: hugetlb(layout.hugepageSizes) };
}
export type Controllers = ReturnType<typeof controllersFor>;

/** Names a controller has on v1: io is blkio there, and cpu time is counted by cpuacct. */
export function v1Name(name: ControllerName): string {
  return name === 'io' ? 'blkio' : name;
}

/** The side a controller shows on this machine: decided for each, as hybrid machines mix them. */
export function sideOf<Stats>(layout: Layout, name: ControllerName, controller: Controller<Stats>): Side<Stats> {
  return (layout.homes.get(v1Name(name)) ?? layout.homes.get(name) ?? layout).version === 'v1'
    ? controller.v1
    : controller.v2;
}

/** Every controller's side here, for what treats them all alike. */
export function allSides(layout: Layout, controllers: Controllers): readonly Side<unknown>[] {
  return controllerNames.map((name) => sideOf<unknown>(layout, name, controllers[name]));
}
