import { numberIn } from '../file-bytes.ts';
import type { ReadBytes } from '../file-bytes.ts';
import type { Resources } from '../resources.ts';
import type { Controller, Side, Write } from './controller.ts';
import { parseNumber, present } from './text.ts';

/** Tasks, that is threads, of the cgroup and all below it. */
export interface PidsStats {
  readonly current: number;
  /** Undefined: no limit. */
  readonly limit: number | undefined;
}

const side: Side<PidsStats> = {
  plan: ({ pidsLimit = 0n }: Resources): readonly Write[] =>
    pidsLimit === 0n ? [] : [{ file: 'pids.max', value: pidsLimit < 0n ? 'max' : `${pidsLimit}` }],
  stats: (read: ReadBytes) => {
    const current = numberIn(read('pids.current'));
    return current === undefined ? undefined : { current, limit: numberIn(read('pids.max')) };
  },
  limits: (read) => present({ pidsLimit: parseNumber(read('pids.max')) }),
};

/** cgroup-v1/pids.rst; the files are the same in v2. */
export const pids: Controller<PidsStats> = { v1: side, v2: side };
