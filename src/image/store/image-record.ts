import { z } from 'zod';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { parseImageId } from '../../base/ids.ts';
import { digestSchema } from './layer-record.ts';

const texts = z.array(z.string()).readonly();
const schema = z.object({
  id: z.string().transform((text) => parseImageId(text)),
  /** Normal form: `docker.io/library/busybox:1.36`. */
  tags: texts,
  /** `docker.io/library/busybox@sha256:…`, each the digest that the name resolved to. */
  digests: texts,
  layers: z.array(digestSchema).readonly(),
  /** The files under content/ that belong to it: manifest and configuration. */
  content: z.array(digestSchema).readonly(),
  created: z.string(),
  /** When it came here. */
  added: z.string().default(''),
  /** '' for an image that can run. */
  artifactType: z.string().default(''),
  config: z.object({
    env: texts,
    entrypoint: texts,
    cmd: texts,
    workingDir: z.string(),
    user: z.string(),
    stopSignal: z.string(),
    labels: z.record(z.string(), z.string()),
    volumes: texts,
    exposedPorts: texts,
  }),
});

/** An image as it is kept: its names, its layers, how to run it. */
export type ImageRecord = z.infer<typeof schema>;

export const imageKind: CheckpointKind<ImageRecord> = { name: 'image', version: 1, schema };
