import { readFile } from 'node:fs/promises';
import { isLive } from '../../../sandbox/container/state.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Container, Pod } from '../../../sandbox/store/store.ts';

type Info = Record<string, string>;

/** What `crictl inspectp` shows beside the status; the values of the map are JSON. */
export function podInfo(pod: Pod): Info {
  const { record, state } = pod;
  const pid = state.kind === 'ready' ? state.initPid : 0;
  const { config, cgroup, pins, handler, bootId } = record;
  return asInfo({ pid, state: state.kind, cgroup, namespaces: pins, runtimeHandler: handler, bootId, config });
}

/** What `crictl inspect` shows beside the status: sandboxID, pid, config, runtimeSpec, as elsewhere in the field. */
export async function containerInfo(parts: Pick<Parts, 'paths' | 'oomScore'>, container: Container): Promise<Info> {
  const { record, state } = container;
  const at = parts.paths.container(record.id);
  const notes = loweredScore(parts, container);
  return asInfo({
    sandboxID: record.podId,
    pid: isLive(state) ? state.init.pid : 0,
    monitorPid: isLive(state) ? state.monitor.pid : 0,
    state: state.kind,
    cgroup: record.cgroup,
    rootfs: at.rootfs,
    writableLayer: at.upper,
    runtimeHandler: record.handler,
    ...(notes.length > 0 ? { notes } : {}),
    config: { ...record.config, env: record.config.env.map(nameOnly) },
    runtimeSpec: await readSpec(at.spec),
  });
}

function loweredScore(parts: Pick<Parts, 'oomScore'>, { record }: Container): readonly string[] {
  const wanted = record.config.resources.oomScoreAdj;
  const { own, maySetLower } = parts.oomScore;
  if (maySetLower || wanted >= own) return [];
  return [`oom_score_adj ${wanted} was raised to ${own}: without CAP_SYS_RESOURCE nobody may go lower`];
}

/** Environments hold secrets; the specification, which root asks for by name, shows them as the field does. */
const nameOnly = (entry: string) => entry.slice(0, entry.indexOf('='));

async function readSpec(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

const asInfo = (value: object): Info => ({
  info: JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)),
});
