import type { ImageOptions } from '../../image/service.ts';
import type { Verification, VerificationRule } from '../../image/verify/policy.ts';
import type { Config } from '../config/schema.ts';
import type { Given } from './given.ts';

export function imageOptions({ config, environment, log, metrics }: Given): ImageOptions {
  const { images } = config;
  return {
    root: config.root,
    registry: {
      certsDir: images.certsDir,
      authFile: images.authFile,
      plainHttpHosts: images.plainHttp,
      silenceMs: images.pullProgressTimeoutSeconds * 1000,
      proxy: environment,
    },
    searchRegistries: images.searchRegistries,
    verification: verificationRules(images.verification),
    limits: {
      maxEntries: images.maxLayerEntries,
      maxBytes: images.maxLayerGib * 2 ** 30,
      maxExpansion: images.maxLayerExpansion,
    },
    pinned: images.pinned,
    log,
    meter: metrics.pulls,
    maxParallelLayers: images.maxParallelPulls,
    ...(images.maxParallelUnpacks > 0 && { maxParallelUnpacks: images.maxParallelUnpacks }),
  };
}

type Policies = Config['images']['verification'];

function verificationRules(policies: Policies): readonly VerificationRule[] {
  return Object.entries(policies).map(([match, policy]) => ({ match, verification: verificationOf(policy) }));
}

function verificationOf({ policy, keys, program, timeoutSeconds }: Policies[string]): Verification {
  switch (policy) {
    case 'accept':
    case 'reject':
      return { kind: policy };
    case 'signed':
      return { kind: policy, keys };
    case 'program':
      return { kind: policy, program, timeoutMs: timeoutSeconds * 1000 };
  }
}
