import { join } from 'node:path';
import { readCapabilities } from '../linux/capabilities.ts';
import { accountsSwap, readOomScoreAdj } from '../linux/host.ts';
import { readSeccompFacts } from '../linux/seccomp.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import type { OciRuntime } from '../sandbox/oci/runtime.ts';
import type { HostFacts } from '../sandbox/oci/spec/input.ts';
import type { OciRlimit } from '../sandbox/oci/spec/oci.ts';
import { unlimited } from '../sandbox/oci/spec/rlimits.ts';
import type { Parts, SandboxSettings } from '../sandbox/parts.ts';
import { builtInUlimits } from './config/sections/containers.ts';
import type { Config } from './config/schema.ts';

/** What the configuration means for sandboxes and containers. */
export function sandboxSettings(config: Config): SandboxSettings {
  return {
    conmon: config.conmon.path,
    init: config.init.path,
    cgroupParent: config.cgroup.parent,
    pidsLimit: config.containers.pidsLimit,
    rlimits: rlimits(config),
    defaultRuntime: config.defaultRuntime,
  };
}

function rlimits(config: Config): readonly OciRlimit[] {
  const number = (value: number) => (value === -1 ? unlimited : value);
  return Object.entries({ ...builtInUlimits, ...config.ulimits }).map(([name, { soft, hard }]) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: number(soft),
    hard: number(hard),
  }));
}

/** Handlers by name, each with a state directory of its own. */
export function ociRuntimes(config: Config): ReadonlyMap<string, OciRuntime> {
  const entries = Object.entries(config.runtimes).map(([name, { path, root }]) => {
    const runtime: OciRuntime = { name, path, root: root || join(config.state, 'runtimes', name) };
    return [name, runtime] as const;
  });
  return new Map(entries);
}

/** What this host is and lets us do; it does not change while we run. */
export function readHostFacts({ version }: Cgroups): HostFacts {
  return {
    cgroupVersion: version === 'v1' ? 1 : 2,
    swapAccounting: accountsSwap(version),
    capabilities: readCapabilities(),
    seccomp: readSeccompFacts(),
  };
}

/** Without CAP_SYS_RESOURCE no process can have a lower oom_score_adj than ours. */
export function readOomScore(host: HostFacts): Parts['oomScore'] {
  return { own: readOomScoreAdj(), maySetLower: host.capabilities.grantable.includes('CAP_SYS_RESOURCE') };
}
