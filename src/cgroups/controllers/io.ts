import { textOf } from '../file-bytes.ts';
import type { ReadBytes } from '../file-bytes.ts';
import type { Controller } from './controller.ts';

/** Of one block device, of the cgroup and all below it. */
export interface IoDeviceStats {
  /** `major:minor`. */
  readonly device: string;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
  /** v2 with iocost only, microseconds by name: usage, wait, indebt, indelay. */
  readonly costUs: Readonly<Record<string, number>>;
}

/** cgroup-v1/blkio-controller.rst, cgroup-v2.rst "IO Interface Files". CRI sets no limit here: v2's come as `unified`. */
export const io: Controller<readonly IoDeviceStats[]> = {
  v1: { plan: () => [], stats: statsV1, limits: () => ({}) },
  v2: { plan: () => [], stats: statsV2, limits: () => ({}) },
};

/**
 * Counted by the throttling layer, which newer kernels set up only for a device that has had a rule: an empty answer
 * is usual there. Buffered writes are nobody's in v1; only v2 charges writeback to the cgroup that dirtied the page.
 */
function statsV1(read: ReadBytes): readonly IoDeviceStats[] | undefined {
  const file = read('blkio.throttle.io_service_bytes_recursive');
  if (file === undefined) return undefined;
  // Both files have lines of the same devices: where one has none, the other need not be read.
  if (file.bytes[0] === letterT) return [];
  const sizes = operations(textOf(file) ?? '');
  const counts = operations(textOf(read('blkio.throttle.io_serviced_recursive')) ?? '');
  return [...new Set([...sizes.keys(), ...counts.keys()])].map((device) => ({
    device,
    readBytes: sizes.get(device)?.get('Read') ?? 0,
    writeBytes: sizes.get(device)?.get('Write') ?? 0,
    reads: counts.get(device)?.get('Read') ?? 0,
    writes: counts.get(device)?.get('Write') ?? 0,
    costUs: {},
  }));
}

/** Of `Total 0`, which stands alone where no device has a line. */
const letterT = 'T'.charCodeAt(0);

/** Lines such as `8:0 Read 4096`; the last, `Total 4096`, has no device. */
function operations(text: string): Map<string, Map<string, number>> {
  const devices = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    const [device, operation, value] = line.split(' ');
    if (device === undefined || operation === undefined || value === undefined) continue;
    const values = devices.get(device) ?? new Map<string, number>();
    devices.set(device, values.set(operation, Number(value)));
  }
  return devices;
}

/** Lines such as `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`, with `cost.usage=…` under iocost. */
function statsV2(read: ReadBytes): readonly IoDeviceStats[] | undefined {
  const text = textOf(read('io.stat'));
  if (text === undefined) return undefined;
  const devices: IoDeviceStats[] = [];
  for (const line of text.split('\n')) {
    const [device, ...fields] = line.trim().split(' ');
    if (device === undefined || fields.length === 0) continue;
    const values = new Map<string, number>();
    for (const field of fields) {
      const [key, value] = field.split('=');
      // cost.vrate and the like are fractions and not ours.
      if (key !== undefined && value !== undefined && /^\d+$/.test(value)) values.set(key, Number(value));
    }
    const costs = [...values].filter(([key]) => key.startsWith('cost.')).map(([key, value]) => [key.slice(5), value]);
    devices.push({
      device,
      readBytes: values.get('rbytes') ?? 0,
      writeBytes: values.get('wbytes') ?? 0,
      reads: values.get('rios') ?? 0,
      writes: values.get('wios') ?? 0,
      costUs: Object.fromEntries(costs) as Record<string, number>,
    });
  }
  return devices;
}
