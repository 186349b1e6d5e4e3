import type { Given } from './given.ts';

export function imageOptions({ config, environment, log, metrics }: Given) {
  const { certsDir, authFile, plainHttp, pullProgressTimeoutSeconds, maxParallelPulls, pinned } = config.images;
  return {
    root: config.root,
    registry: {
      certsDir,
      authFile,
      plainHttpHosts: plainHttp,
      silenceMs: pullProgressTimeoutSeconds * 1000,
      proxy: environment,
    },
    pinned,
    log,
    meter: metrics.pulls,
    maxParallelLayers: maxParallelPulls,
  };
}
