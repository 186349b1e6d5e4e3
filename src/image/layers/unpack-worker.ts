import { rmSync } from 'node:fs';
import { syncFileSystem } from '../../linux/fs-sync.ts';
import { serveTasks } from '../../linux/worker/serve.ts';
import type { LayerUsage } from './layer-writer.ts';
import { makeMend, planMend } from './mend.ts';
import type { MendedDirectory } from './mend.ts';
import { unpackLayer } from './unpack.ts';
import type { UnpackOrder } from './unpack.ts';

/** What waits for the image store's disk. */
export const layerTasks = {
  /** `ended` is one shared byte: not zero calls the work off at the next piece, with all descriptors closed. */
  unpack(order: UnpackOrder & { readonly ended: Uint8Array }): Promise<LayerUsage> {
    return unpackLayer(order, () => Atomics.load(order.ended, 0) !== 0);
  },
  removeTree(path: string): void {
    rmSync(path, { recursive: true, force: true });
  },
  syncFileSystem,
  planMend,
  makeMend(order: { readonly target: string; readonly directories: readonly MendedDirectory[] }): LayerUsage {
    return makeMend(order.target, order.directories);
  },
};
export type LayerTasks = typeof layerTasks;

serveTasks(layerTasks);
