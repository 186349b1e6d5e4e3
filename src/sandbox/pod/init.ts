import { existsSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../base/errors.ts';
import { captureProgram } from '../../linux/capture.ts';
import { exitCodeOf, startTimeOf } from '../../linux/pidfd.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { ProcessIdentity } from '../container/state.ts';
import { givenOomScore } from '../container/lowered.ts';
import { runtimeOf } from '../container/release.ts';
import { childEnvironment, cleanRuntimeMessage, createFlags, deleteContainer, startContainer } from '../oci/runtime.ts';
import { encodeSpec } from '../oci/spec/encode.ts';
import { chooseCgroupNamespace } from '../oci/spec/namespaces.ts';
import { buildSpec } from '../oci/spec/spec.ts';
import type { SpecInput } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import type { Pod } from '../store/store.ts';
import type { PodRecord } from './record.ts';
import { nobodyOf, rootOf, userNamespace } from './user-namespaces.ts';
import { readFile } from 'node:fs/promises';

export type InitParts = Pick<
  Parts,
  'apparmor' | 'cgroups' | 'host' | 'lifetime' | 'oomScore' | 'paths' | 'runtimes' | 'settings' | 'store' | 'watcher'
>;

/**
 * Makes, once, the init of a pod whose containers share a PID namespace; the caller holds the pod's lock. It is catatonit, which reaps orphans, alone in an
 * empty root file system with no capability, so that /proc/1/root of the pod shows nothing.
 */
export async function ensurePodInit(parts: InitParts, pod: Pod, signal: AbortSignal): Promise<void> {
  if (pod.state.kind !== 'ready') return;
  // One that was killed took all containers with it; those that come after get a new one.
  if (pod.state.initPid > 0 && startTimeOf(pod.state.initPid) === pod.state.initStart) return;
  await deletePodInit(parts, pod.record, signal);
  try {
    const { pid, start } = await startPodInit(parts, pod.record, signal);
    await pod.change({ kind: 'init-made', pid, start });
  } catch (error) {
    await deletePodInit(parts, pod.record, parts.lifetime);
    throw error;
  }
}

async function startPodInit(parts: InitParts, record: PodRecord, signal: AbortSignal): Promise<ProcessIdentity> {
  const runtime = runtimeOf(parts, record.handler);
  const bundle = join(parts.paths.pod(record.id).runtime, 'init');
  await mkdir(join(bundle, 'rootfs'), { recursive: true, mode: 0o755 });
  const { uid, gid } = rootOf(record.config);
  await chown(join(bundle, 'rootfs'), uid, gid);
  const apparmorProfile = await parts.apparmor.profileFor({ kind: 'unset', reference: '' }, false);
  const spec = buildSpec({ ...initSpec(parts, record, bundle), apparmorProfile });
  await writeFile(join(bundle, 'config.json'), encodeSpec(spec));
  const pidFile = join(bundle, 'pid');
  const global = createFlags(runtime, initCgroup(parts, record));
  const args = [...global, 'create', '--bundle', bundle, '--pid-file', pidFile, record.id];
  const made = await captureProgram(parts.watcher, { path: runtime.path, args, env: childEnvironment, limit: 65536 });
  if (exitCodeOf(made.ending) !== 0)
    throw fail('unknown', `init of the sandbox: ${cleanRuntimeMessage(made.stderr.toString('utf8'))}`);
  signal.throwIfAborted();
  const pid = Number(await readFile(pidFile, 'utf8'));
  await startContainer(parts.watcher, runtime, record.id);
  const start = startTimeOf(pid);
  if (start === undefined)
    throw fail('internal', `init of the sandbox ended at once; is ${parts.settings.init} static?`);
  return { pid, start };
}

/** Ends the init if there is one; with it everything in its PID namespace. */
export async function deletePodInit(parts: InitParts, record: PodRecord, signal: AbortSignal): Promise<void> {
  const cgroup = initCgroup(parts, record);
  // Of one that ended by itself systemd has removed the scope, but the runtime still knows it.
  const root = parts.runtimes.get(record.handler || parts.settings.defaultRuntime)?.root ?? '';
  if (!parts.cgroups.exists(cgroup) && !existsSync(join(root, record.id))) return;
  await parts.cgroups.kill(cgroup, signal);
  await deleteContainer(parts.watcher, runtimeOf(parts, record.handler), record.id);
  await parts.cgroups.remove(cgroup, signal);
}

const initCgroup = (parts: InitParts, record: PodRecord): CgroupPath =>
  parts.cgroups.container(record.cgroup as CgroupPath, record.id);

function initSpec(parts: InitParts, record: PodRecord, bundle: string): Omit<SpecInput, 'apparmorProfile'> {
  const pinned = (path: string | undefined) =>
    path === undefined ? ({ kind: 'host' } as const) : ({ kind: 'path', path } as const);
  return {
    id: record.id,
    hostname: '',
    cgroupsPath: initCgroup(parts, record),
    rootfs: { path: join(bundle, 'rootfs'), readonly: false },
    args: ['/init', '-P'],
    imageEnv: [],
    env: [],
    cwd: '/',
    user: { uid: nobodyOf(record.config, 'uids'), gid: nobodyOf(record.config, 'gids'), additionalGids: [] },
    terminal: false,
    mounts: [
      {
        hostPath: parts.settings.init,
        containerPath: '/init',
        readonly: true,
        recursiveReadonly: false,
        propagation: 'private',
        options: [],
        uidMappings: [],
        gidMappings: [],
      },
    ],
    podMounts: [],
    devices: [],
    hostDevices: [],
    privileged: false,
    capabilities: { add: [], drop: ['ALL'], addAmbient: [] },
    seccomp: { kind: 'runtime_default' },
    selinux: { processLabel: '', mountLabel: '' },
    noNewPrivileges: true,
    maskedPaths: [],
    readonlyPaths: [],
    namespaces: {
      net: pinned(record.pins.net),
      ipc: pinned(record.pins.ipc),
      uts: pinned(record.pins.uts),
      pid: { kind: 'new' },
      cgroup: chooseCgroupNamespace(parts.host.cgroupVersion, false),
      user: userNamespace(record),
    },
    resources: {},
    blockIo: {},
    oomScoreAdj: givenOomScore(parts, 0),
    rlimits: [],
    annotations: {},
    host: parts.host,
  };
}
