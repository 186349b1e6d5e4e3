import { z } from 'zod';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { isDigest } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'is not a digest',
);

const schema = z.object({
  diffId: digestSchema,
  bytes: z.number(),
  inodes: z.number(),
  implicit: z.array(z.string()).readonly(),
  /** Hard links to files of lower layers, paths in latin1. */
  links: z
    .array(z.object({ path: z.string(), target: z.string() }))
    .readonly()
    .default([]),
  /** The boot in which it was unpacked; after another one only `synced` layers can be trusted. */
  bootId: z.string(),
  /** Everything of it is on the disk: set after syncfs. */
  synced: z.boolean(),
});

/** The marker beside an unpacked layer: without it, what is there is half made. */
export type LayerRecord = z.infer<typeof schema>;

export const layerKind: CheckpointKind<LayerRecord> = { name: 'layer', version: 1, schema };
