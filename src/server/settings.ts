import { join } from 'node:path';
import { readCapabilities } from '../linux/capabilities.ts';
import { accountsSwap, readHardLimits, readOomScoreAdj } from '../linux/host.ts';
import { readSeccompFacts } from '../linux/seccomp.ts';
import type { Logger } from '../base/log.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import { parseDetachKeys } from '../sandbox/container/streams/detach-keys.ts';
import type { OciRuntime } from '../sandbox/oci/runtime.ts';
import type { HostFacts } from '../sandbox/oci/spec/input.ts';
import type { OciRlimit } from '../sandbox/oci/spec/oci.ts';
import { unlimited } from '../sandbox/oci/spec/rlimits.ts';
import { ulimitsAnnotation } from '../sandbox/oci/spec/ulimits.ts';
import type { Parts, SandboxSettings } from '../sandbox/parts.ts';
import { cgroupParent } from './wiring/cgroups.ts';
import { blockIoClasses } from './config/sections/blockio.ts';
import { builtInUlimits } from './config/sections/containers.ts';
import type { Config } from './config/schema.ts';

/** What the configuration means for sandboxes and containers. */
export function sandboxSettings(config: Config, log: Logger): SandboxSettings {
  const hardLimits = highestLimits();
  return {
    conmon: config.conmon.path,
    init: config.init.path,
    cgroupParent: cgroupParent(config.cgroup),
    pidsLimit: config.containers.pidsLimit,
    rlimits: rlimits(config, hardLimits, log),
    ulimitsByAnnotation: config.containers.annotations.includes(ulimitsAnnotation),
    hardLimits,
    blockIoClasses: blockIoClasses(config.blockio),
    defaultRuntime: config.defaultRuntime,
    hookDirectories: config.hooks.dirs,
    logSizeMax: config.containers.logSizeMax,
    detachKeys: parseDetachKeys(config.streaming.detachKeys),
  };
}

/** Nobody without CAP_SYS_RESOURCE can have a higher hard limit than we; with it, there is none. */
function highestLimits(): ReadonlyMap<string, bigint> {
  return readCapabilities().grantable.includes('CAP_SYS_RESOURCE') ? new Map() : readHardLimits();
}

/** A wish above what we can give is lowered, and said. */
function rlimits(config: Config, ours: ReadonlyMap<string, bigint>, log: Logger): readonly OciRlimit[] {
  const number = (value: number) => (value === -1 ? unlimited : BigInt(value));
  return Object.entries({ ...builtInUlimits, ...config.ulimits }).map(([key, given]) => {
    const name = key.toUpperCase();
    const [soft, hard, most] = [number(given.soft), number(given.hard), ours.get(name)];
    if (most === undefined || hard <= most) return { type: `RLIMIT_${name}`, soft, hard };
    log.warn({ limit: key, wanted: String(hard), given: String(most) }, 'limit lowered: we lack CAP_SYS_RESOURCE');
    return { type: `RLIMIT_${name}`, soft: soft < most ? soft : most, hard: most };
  });
}

/** Handlers by name, each with a state directory of its own. */
export function ociRuntimes(config: Config): ReadonlyMap<string, OciRuntime> {
  const entries = Object.entries(config.runtimes).map(([name, given]) => {
    const { path, root, options, allowedAnnotations: annotations } = given;
    const runtime: OciRuntime = {
      name,
      path,
      root: root || join(config.state, 'runtimes', name),
      options,
      annotations,
    };
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
