import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFileSystem } from '../../linux/fs-sync.ts';
import { serveTasks } from '../../linux/worker/serve.ts';
import { examineLayer, replayedSize, replayTo } from './tar-replay.ts';
import type { LayerUsage } from './layer-writer.ts';
import { makeMend, planMend } from './mend.ts';
import { unpackLayer } from './unpack.ts';
import type { UnpackOrder } from './unpack.ts';

/** What waits for the image store's disk. */
export const layerTasks = {
  /** `meter` as in meter.ts: calling it off ends the work at the next piece, with all descriptors closed. */
  unpack(order: UnpackOrder & { readonly meter: BigInt64Array }): Promise<LayerUsage> {
    return unpackLayer(order, order.meter);
  },
  emptyDirectory(path: string): void {
    for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
  },
  removeTree(path: string): void {
    rmSync(path, { recursive: true, force: true });
  },
  syncFileSystem,
  /** Reads every byte of the layer. */
  examineLayer,
  replayedSize,
  replayTo,
  planMend,
  makeMend,
};
export type LayerTasks = typeof layerTasks;

serveTasks(layerTasks);
