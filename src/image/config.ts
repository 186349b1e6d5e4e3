import { z } from 'zod';
import { fail } from '../base/errors.ts';
import { isDigest } from './reference/digest.ts';
import type { Digest } from './reference/digest.ts';
import { checked, parseJson } from './registry/manifest.ts';

/** What an image says about how to run it. Texts that it leaves out are '', lists are empty. */
export interface ImageConfig {
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  /** `name`, `uid`, `name:group`, `uid:gid` or ''. */
  readonly user: string;
  /** `SIGQUIT`, `3` or ''. */
  readonly stopSignal: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Paths in the container. */
  readonly volumes: readonly string[];
  /** `80/tcp`. */
  readonly exposedPorts: readonly string[];
}

/** The parts of an image's configuration file that decide something. */
export interface ParsedConfig {
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly os: string;
  /** Digests of the uncompressed layers, bottom first. */
  readonly diffIds: readonly Digest[];
  /** RFC 3339, '' when unknown. */
  readonly created: string;
  /** What an artifact is; '' for an image. */
  readonly artifactType: string;
}

/** Where the configuration that we write for an artifact says what it is; no other has it. */
export const artifactKey = 'cricket/artifact';

const texts = z.array(z.string()).nullish();
const keys = z.record(z.string(), z.unknown()).nullish();
const diffId = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is not a digest');
const schema = z.object({
  architecture: z.string().nullish(),
  os: z.string().nullish(),
  created: z.string().nullish(),
  [artifactKey]: z.string().nullish(),
  rootfs: z.object({ diff_ids: z.array(diffId).nullish() }).nullish(),
  config: z
    .object({
      Env: texts,
      Entrypoint: texts,
      Cmd: texts,
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
      StopSignal: z.string().nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      Volumes: keys,
      ExposedPorts: keys,
    })
    .nullish(),
});

/** Digests of the uncompressed layers of a configuration that was accepted once, bottom first. */
export function parseDiffIds(bytes: Uint8Array, about: string): readonly Digest[] {
  return checked(schema, parseJson(bytes, about), about).rootfs?.diff_ids ?? [];
}

/** Errors: `invalid_argument` naming the image and the field. */
export function parseConfig(bytes: Uint8Array, layers: number, about: string): ParsedConfig {
  const raw = checked(schema, parseJson(bytes, `configuration of ${about}`), `configuration of ${about}`);
  const diffIds = raw.rootfs?.diff_ids ?? [];
  if (diffIds.length !== layers)
    throw fail('invalid_argument', `${about}: its manifest has ${layers} layers, its configuration ${diffIds.length}`);
  const config = raw.config ?? {};
  return {
    architecture: raw.architecture ?? '',
    os: raw.os ?? '',
    created: raw.created ?? '',
    artifactType: raw[artifactKey] ?? '',
    diffIds,
    config: {
      env: config.Env ?? [],
      entrypoint: config.Entrypoint ?? [],
      cmd: config.Cmd ?? [],
      workingDir: config.WorkingDir ?? '',
      user: config.User ?? '',
      stopSignal: config.StopSignal ?? '',
      labels: config.Labels ?? {},
      volumes: Object.keys(config.Volumes ?? {}),
      exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    },
  };
}
