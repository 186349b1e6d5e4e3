import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFileSystem } from '../../linux/fs-sync.ts';
import { serveTasks } from '../../linux/worker/serve.ts';
import { examineLayer, replayedSize, replayTo } from './tar-replay.ts';
import type { LayerUsage } from './layer-writer.ts';
import { makeMend, planMend } from './mend.ts';
import { packUpper } from './pack-upper.ts';
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
  /** Moves a file of the same disk into the directory: root's, 0644, as files of artifacts say nothing of that. */
  placeFile(place: { readonly file: string; readonly target: string; readonly name: string }): LayerUsage {
    const path = join(place.target, place.name);
    const made = mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    chmodSync(place.file, 0o644);
    renameSync(place.file, path);
    const directories = made === undefined ? 0 : place.name.split('/').length - 1;
    return { bytes: lstatSync(path).blocks * 512, inodes: 1 + directories, implicit: [], links: [] };
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
  packUpper,
};
export type LayerTasks = typeof layerTasks;

serveTasks(layerTasks);
