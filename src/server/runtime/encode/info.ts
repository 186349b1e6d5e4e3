import { readFile } from 'node:fs/promises';
import { readSpecText } from '../../../sandbox/oci/spec/encode.ts';
import { loweredNotes } from '../../../sandbox/container/lowered.ts';
import { isLive } from '../../../sandbox/container/state.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import { podResourcesOf } from '../../../sandbox/pod/resources.ts';
import type { PodRecord } from '../../../sandbox/pod/record.ts';
import type { Container, Pod } from '../../../sandbox/store/store.ts';
import { givenContainerConfig, givenPodConfig, shownPodResources } from './given-config.ts';

type Info = Record<string, string>;

/** What `crictl inspectp` shows beside the status; the values of the map are JSON. */
export function podInfo(pod: Pod, network: object | undefined): Info {
  const { record, state } = pod;
  const pid = state.kind === 'ready' ? state.initPid : 0;
  const { config, cgroup, pins, handler, bootId, ownsCgroup } = record;
  return asInfo({
    pid,
    state: state.kind,
    cgroup,
    runtimeHandler: handler,
    ...(network === undefined ? {} : { network }),
    bootId,
    // After updates; cgroupOwner: who puts them in force.
    ...shownPodResources(podResourcesOf(pod)),
    cgroupOwner: ownsCgroup ? 'cricket' : 'caller',
    config: givenPodConfig(config),
    runtimeSpec: { hostname: config.hostname, linux: { namespaces: pinnedNamespaces(pins), sysctl: config.sysctls } },
  });
}

/** No process holds a sandbox; where its namespaces are is looked for in a specification all the same. */
const pinnedNamespaces = ({ net, ipc, uts, user }: PodRecord['pins']) =>
  Object.entries({ network: net, ipc, uts, user }).flatMap(([type, path]) =>
    path === undefined ? [] : [{ type, path }],
  );

/** What `crictl inspect` shows beside the status: sandboxID, pid, config, runtimeSpec, as elsewhere in the field. */
export async function containerInfo(
  parts: Pick<Parts, 'host' | 'oomScore' | 'paths' | 'store'>,
  container: Container,
): Promise<Info> {
  const { record, state } = container;
  const at = parts.paths.container(record.id);
  const notes = loweredNotes(parts, record, 'resources' in state ? state.resources : record.config.resources);
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
    config: givenContainerConfig(record.config),
    runtimeSpec: await readSpec(at.spec),
  });
}

async function readSpec(path: string): Promise<unknown> {
  try {
    return readSpecText(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

const asInfo = (value: object): Info => ({
  info: JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)),
});
