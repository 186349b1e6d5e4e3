import { fail } from '../../../base/errors.ts';
import { withHooks } from '../hooks/add.ts';
import { environmentWith } from '../spec/env.ts';
import type { OciDevice, OciMount, OciSpec } from '../spec/oci.ts';
import { userSection } from '../spec/user.ts';
import { resolveNode } from './nodes.ts';
import type { HostNode } from './nodes.ts';
import type { CdiNode, ContainerEdits } from './spec-file.ts';

/** The edits as they are for this host: device nodes looked up. */
export interface SettledEdits extends Omit<ContainerEdits, 'deviceNodes'> {
  readonly nodes: readonly HostNode[];
}

/** Errors: `unimplemented` for edits that are not made here, `failed_precondition` for a node that is not there. */
export async function settleEdits(edits: ContainerEdits): Promise<SettledEdits> {
  const { deviceNodes, ...rest } = edits;
  if (edits.intelRdt !== undefined)
    throw fail(
      'unimplemented',
      'intelRdt in containerEdits of a CDI device: classes of the L3 cache are not assigned here; remove it from the file',
    );
  if (edits.netDevices !== undefined)
    throw fail(
      'unimplemented',
      'netDevices in containerEdits of a CDI device: moving them needs OCI 1.3, which crun and runc of this host lack; remove it from the file',
    );
  return { ...rest, nodes: await Promise.all((deviceNodes ?? []).map((node: CdiNode) => resolveNode(node))) };
}

/** The specification with the edits in it: what a device says goes over what the container and its image say. */
export function withEdits(spec: OciSpec, all: readonly SettledEdits[]): OciSpec {
  return all.reduce(withOne, spec);
}

function withOne(spec: OciSpec, edits: SettledEdits): OciSpec {
  const { process: program, linux } = spec;
  const { user } = program;
  const gids = [...user.additionalGids, ...(edits.additionalGids ?? []).filter((gid) => gid > 0)];
  const nodes = edits.nodes.map((node) => ociDevice(node, user));
  const rules = edits.nodes
    .filter(({ type }) => type !== 'p')
    .map(
      ({ type, major, minor, access }) =>
        ({ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access }) as const,
    );
  return {
    ...spec,
    process: {
      ...program,
      env: environmentWith(program.env, edits.env ?? []),
      user: userSection({ ...user, additionalGids: gids }),
    },
    mounts: withMounts(spec.mounts, edits),
    hooks: withHooks(spec.hooks, edits.hooks ?? []),
    linux: {
      ...linux,
      devices: [...without(linux.devices, nodes, ({ path }) => path), ...nodes],
      resources: { ...linux.resources, devices: [...linux.resources.devices, ...rules] },
    },
  };
}

/** A user that is not root owns the node where the device does not say who does. */
function ociDevice(node: HostNode, user: OciSpec['process']['user']): OciDevice {
  const { path, type, major, minor, fileMode } = node;
  return { path, type, major, minor, fileMode, uid: node.uid ?? user.uid, gid: node.gid ?? user.gid };
}

/** Parents before children, as runtimes mount in order. Those that were there keep their order. */
function withMounts(before: readonly OciMount[], { mounts }: SettledEdits): readonly OciMount[] {
  const added = (mounts ?? []).map(ociMount).sort((a, b) => depth(a) - depth(b));
  const kept = without(before, added, ({ destination }) => destination);
  return added.reduce<readonly OciMount[]>((all, mount) => {
    const below = all.findIndex(({ destination }) => destination.startsWith(`${mount.destination}/`));
    return below < 0 ? [...all, mount] : [...all.slice(0, below), mount, ...all.slice(below)];
  }, kept);
}

function ociMount({ hostPath, containerPath, type, options }: NonNullable<ContainerEdits['mounts']>[number]): OciMount {
  const given = options ?? [];
  const isBind = type === 'bind' || type === '';
  const binding = !isBind || given.some((option) => option === 'bind' || option === 'rbind') ? [] : ['rbind'];
  const destination = containerPath.length > 1 ? containerPath.replace(/\/+$/, '') : containerPath;
  return { destination, type: type || 'bind', source: hostPath, options: [...binding, ...given] };
}

const depth = ({ destination }: OciMount) => destination.split('/').length;

function without<T>(all: readonly T[], replaced: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const keys = new Set(replaced.map(keyOf));
  return all.filter((item) => !keys.has(keyOf(item)));
}
