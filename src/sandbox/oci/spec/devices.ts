import type { DeviceNode, SpecInput } from './input.ts';
import type { OciDevice, OciDeviceRule } from './oci.ts';

type DeviceInput = Pick<SpecInput, 'privileged' | 'devices' | 'hostDevices'>;

/** Nodes to make beside the runtime's own (null, zero, full, random, urandom, tty, ptmx). Requested ones win. */
export function deviceSection(input: DeviceInput): readonly OciDevice[] {
  const byPath = new Map<string, DeviceNode>();
  if (input.privileged) for (const node of input.hostDevices) byPath.set(node.containerPath, node);
  for (const node of input.devices) byPath.set(node.containerPath, node);
  return [...byPath.values()].map(({ containerPath, type, major, minor, fileMode, uid, gid }) => ({
    path: containerPath,
    type,
    major,
    minor,
    fileMode,
    uid,
    gid,
  }));
}

/** The nodes every runtime makes, the terminals of devpts, and leave to make (not to open) any other node. */
const defaultRules: readonly OciDeviceRule[] = [
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
    [5, 2],
  ].map(([major, minor]) => ({ allow: true, type: 'c' as const, major, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

/** Rules of the device controller, in order. Privileged: everything. */
export function deviceRules(input: DeviceInput): readonly OciDeviceRule[] {
  if (input.privileged) return [{ allow: true, type: 'a', access: 'rwm' }];
  const requested = input.devices.map(({ type, major, minor, permissions }) => ({
    allow: true,
    type,
    major,
    minor,
    access: permissions,
  }));
  return [{ allow: false, type: 'a', access: 'rwm' }, ...defaultRules, ...requested];
}
