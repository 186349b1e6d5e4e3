import { constants } from 'node:fs';
import { serveTasks } from '../linux/worker/serve.ts';
import { writeText } from './files.ts';

/** Writes that the kernel may hold up while it reclaims memory, page by dirty page if need be. */
export const slowWriteTasks = {
  /**
   * O_NONBLOCK asks v2's memory.max and memory.high not to reclaim before they return (Linux 6.16; older kernels
   * ignore it): the limit then holds from the next allocation on.
   */
  write({ path, value }: { readonly path: string; readonly value: string }): void {
    writeText(path, value, constants.O_NONBLOCK);
  },
};
export type SlowWriteTasks = typeof slowWriteTasks;

serveTasks(slowWriteTasks);
