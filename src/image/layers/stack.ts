import { lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { readXattr } from '../../linux/fs-xattr.ts';
import { opaqueAttribute } from './layer-tree.ts';
import type { LowerLink } from './layer-writer.ts';

/** An unpacked layer as it lies on the disk; paths in it are latin1. */
export interface StackedLayer {
  readonly path: string;
  readonly implicit: readonly string[];
  readonly links: readonly LowerLink[];
}

/** What a layer has at a path. `index` counts from the bottom; `path` is where the file is in that layer. */
export interface Found {
  readonly index: number;
  readonly path: string;
  readonly stat: BigIntStats;
}

type Seen = { readonly stat: BigIntStats } | 'absent' | 'hidden';

/** Layers, bottom first, looked at as overlayfs merges them. Waits for the disk. */
export class LayerStack {
  readonly layers: readonly StackedLayer[];
  readonly #implicit: readonly ReadonlySet<string>[];
  /** By layer: the names that are links to what a lower layer has. */
  readonly #links: readonly Map<string, Found>[];

  constructor(layers: readonly StackedLayer[]) {
    this.layers = layers;
    this.#implicit = layers.map(({ implicit }) => new Set(implicit));
    this.#links = layers.map(() => new Map<string, Found>());
  }

  get top(): number {
    return this.layers.length - 1;
  }

  /** What shows at a path when the layers up to `top` are stacked, be it a directory or not. */
  find(path: string, top: number): Found | undefined {
    for (let index = top; index >= 0; index -= 1) {
      const linked = this.#links[index]?.get(path);
      if (linked !== undefined) return linked;
      const seen = look(this.layers[index]?.path ?? '', path);
      if (seen === 'hidden') return undefined;
      if (seen !== 'absent') return { index, path, stat: seen.stat };
    }
    return undefined;
  }

  /** From here on, `path` of a layer is the file that was found in a lower one. */
  link(index: number, path: string, found: Found): void {
    this.#links[index]?.set(path, found);
  }

  /**
   * How the highest layer that describes a directory describes it, and whether a higher one has it undescribed.
   * Undefined where none describes it, or something that is no directory hides those that do.
   */
  directory(path: string): { readonly stat: BigIntStats; readonly undescribed: boolean } | undefined {
    let undescribed = false;
    for (let index = this.top; index >= 0; index -= 1) {
      const seen = look(this.layers[index]?.path ?? '', path);
      if (seen === 'absent') continue;
      if (seen === 'hidden' || !seen.stat.isDirectory()) return undefined;
      if (this.#implicit[index]?.has(path) !== true) return { stat: seen.stat, undescribed };
      undescribed = true;
    }
    return undefined;
  }
}

/** Without following links: a path through one is not the path of something that overlayfs merges. */
function look(layer: string, path: string): Seen {
  let opaque = false;
  let stat: BigIntStats | undefined;
  for (const part of partsOf(path)) {
    if (stat !== undefined && !stat.isDirectory()) return 'hidden';
    const full = inLayer(layer, part);
    stat = lstatSync(full, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return opaque ? 'hidden' : 'absent';
    if (stat.isCharacterDevice() && stat.rdev === 0n) return 'hidden';
    opaque ||= part !== path && stat.isDirectory() && readXattr(full, opaqueAttribute)?.toString() === 'y';
  }
  return stat === undefined ? 'absent' : { stat };
}

/** A path in a layer as bytes. */
export const inLayer = (layer: string, path: string): Buffer =>
  Buffer.concat([Buffer.from(`${layer}/`), Buffer.from(path, 'latin1')]);

/** `a/b/c` → `a`, `a/b`, `a/b/c` */
export function partsOf(path: string): readonly string[] {
  const names = path.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}
