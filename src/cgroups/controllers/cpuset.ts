import { textOf } from '../file-bytes.ts';
import type { ReadBytes } from '../file-bytes.ts';
import type { Resources } from '../resources.ts';
import type { Controller, Side, Write } from './controller.ts';
import { present } from './text.ts';

/** The CPUs and memory nodes that tasks may really use, as lists such as `0-3,8`. */
export interface CpusetStats {
  readonly cpus: string;
  readonly mems: string;
}

const side = (cpus: string, mems: string): Side<CpusetStats> => ({
  plan: ({ cpusetCpus = '', cpusetMems = '' }: Resources): readonly Write[] => [
    ...(cpusetCpus === '' ? [] : [{ file: 'cpuset.cpus', value: cpusetCpus }]),
    // Changing the nodes migrates nothing unless cpuset.memory_migrate is set; on v2 it moves the pages.
    ...(cpusetMems === '' ? [] : [{ file: 'cpuset.mems', value: cpusetMems, waits: true as const }]),
  ],
  stats: (read: ReadBytes) => {
    const text = textOf(read(cpus));
    return text === undefined ? undefined : { cpus: text.trim(), mems: (textOf(read(mems)) ?? '').trim() };
  },
  limits: (read) =>
    present({
      cpusetCpus: read('cpuset.cpus')?.trim() || undefined,
      cpusetMems: read('cpuset.mems')?.trim() || undefined,
    }),
});

/** cgroup-v1/cpusets.rst; cgroup-v2.rst, "Cpuset Interface Files". */
export const cpuset: Controller<CpusetStats> = {
  v1: side('cpuset.effective_cpus', 'cpuset.effective_mems'),
  v2: side('cpuset.cpus.effective', 'cpuset.mems.effective'),
};
