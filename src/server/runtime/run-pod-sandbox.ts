import type { RunPodSandboxRequest, RunPodSandboxResponse } from '../../../api/cri/v1/api.ts';
import { runPod } from '../../sandbox/pod/run.ts';
import type { RunPodParts } from '../../sandbox/pod/run.ts';
import type { Unary } from '../grpc/handlers.ts';
import { parsePodConfig } from './parse/pod-config.ts';

export function runPodSandbox(parts: RunPodParts): Unary<RunPodSandboxRequest, RunPodSandboxResponse> {
  return async ({ config, runtimeHandler }, { signal }) => {
    const podSandboxId = await runPod(parts, { config: parsePodConfig(config), handler: runtimeHandler }, signal);
    return { podSandboxId };
  };
}
