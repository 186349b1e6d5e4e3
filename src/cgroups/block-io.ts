import { errnoOf, fail } from '../base/errors.ts';
import { writeText } from './files.ts';
import { filePath, readerOf } from './group.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

/** Kinds of block I/O limits that a cgroup shall have. */
export interface BlockIoKinds {
  readonly weight: boolean;
  readonly deviceWeight: boolean;
  readonly throttle: boolean;
}

/** Files that hold each kind; any of them will do. The weights come and go with the module of an I/O scheduler. */
const filesOf = {
  v1: {
    weight: ['blkio.bfq.weight', 'blkio.weight'],
    deviceWeight: ['blkio.bfq.weight_device', 'blkio.weight_device'],
    throttle: ['blkio.throttle.read_bps_device'],
  },
  v2: { weight: ['io.bfq.weight', 'io.weight'], deviceWeight: ['io.bfq.weight', 'io.weight'], throttle: ['io.max'] },
} as const;

/**
 * Refuses kinds of limits that this host cannot hold. `near`: the cgroup, or the one it shall be made in. Errors:
 * `failed_precondition` with what it lacks.
 */
export function checkBlockIo(layout: Layout, near: CgroupPath, kinds: BlockIoKinds): void {
  const read = readerOf(layout, near);
  const files = filesOf[layout.homes.has('blkio') ? 'v1' : 'v2'];
  for (const kind of ['weight', 'deviceWeight', 'throttle'] as const) {
    if (!kinds[kind] || files[kind].some((file) => read(file) !== undefined)) continue;
    const why =
      kind === 'throttle'
        ? 'this kernel does not throttle block I/O (CONFIG_BLK_DEV_THROTTLING), or has no such controller'
        : 'no I/O scheduler of this kernel has weights; load bfq, and use it for the devices';
    throw fail('failed_precondition', `block I/O class: its ${words[kind]} cannot be set here: ${why}`);
  }
}

const words = { weight: 'weight', deviceWeight: 'weight of a device', throttle: 'limits of a device' } as const;

/** 10 to 1000, as CFQ had them; 0: the kernel's own. */
export interface BlockIoWeights {
  readonly weight: number;
  /** By `major:minor`. */
  readonly devices: readonly { readonly device: string; readonly weight: number }[];
}

/**
 * Writes weights to whichever file the kernel has for them (Documentation/block/bfq-iosched.rst). Errors:
 * `failed_precondition` for a device whose scheduler has none.
 */
export function setBlockIoWeights(layout: Layout, path: CgroupPath, { weight, devices }: BlockIoWeights): void {
  const files = filesOf[layout.homes.has('blkio') ? 'v1' : 'v2'];
  const read = readerOf(layout, path);
  const write = (names: readonly string[], key: string, value: number) => {
    const name = names.find((one) => read(one) !== undefined) ?? '';
    const full = filePath(layout, path, name);
    if (full === undefined) throw fail('not_found', `cgroup ${path}: none of ${names.join(', ')}`);
    // io.weight has a scale from 1 to 10000.
    const scaled = name === 'io.weight' ? 1 + Math.floor(((value - 10) * 9999) / 990) : value;
    try {
      writeText(full, `${key}${scaled}`);
    } catch (error) {
      const why = `${errnoOf(error) ?? String(error)}; its scheduler has no weights, use bfq (/sys/block/DISK/queue/scheduler)`;
      throw fail('failed_precondition', `set ${name} of cgroup ${path} to ${key}${scaled}: ${why}`, error);
    }
  };
  if (weight > 0) write(files.weight, '', weight);
  for (const one of devices) write(files.deviceWeight, `${one.device} `, one.weight);
}
