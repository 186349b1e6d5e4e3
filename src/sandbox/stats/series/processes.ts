import { labelled, plain, row } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import { moreOf } from './figures.ts';
import type { ContainerFigures } from './figures.ts';

const gauge = (name: string, help: string) => ({ name: `container_${name}`, help, type: 'gauge' }) as const;

export const processFamilies: readonly Family<ContainerFigures>[] = [
  plain(gauge('processes', 'Processes.'), (f) => moreOf(f)?.processes),
  plain(gauge('threads', 'Threads.'), ({ look }) => look.stats.pids?.current),
  plain(gauge('threads_max', 'Most threads allowed; 0: any number.'), ({ look }) =>
    look.stats.pids === undefined ? undefined : (look.bounds.tasks ?? 0),
  ),
  plain(gauge('file_descriptors', 'Open files of all processes.'), (f) => moreOf(f)?.descriptors?.open),
  plain(gauge('sockets', 'Open sockets of all processes.'), (f) => moreOf(f)?.descriptors?.sockets),
  labelled(gauge('ulimits_soft', 'Soft resource limit of the first process.'), ['ulimit'], (f) =>
    row(['max_open_files'], moreOf(f)?.descriptors?.softLimit),
  ),
];
