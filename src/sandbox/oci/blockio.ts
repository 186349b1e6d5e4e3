import { glob, realpath, stat } from 'node:fs/promises';
import { errnoOf, fail } from '../../base/errors.ts';
import type { BlockIoWeights } from '../../cgroups/block-io.ts';
import { splitDeviceNumber } from './spec/host-devices.ts';
import type { BlockDevice, OciBlockIo, OciBlockRate } from './spec/oci.ts';

/** Annotations of a pod, as the field's runtimes read them. */
const podAnnotation = 'blockio.resources.beta.kubernetes.io/pod';
const containerAnnotation = 'blockio.resources.beta.kubernetes.io/container.';

/** One entry of a class: for all devices, or for those it names. */
export interface BlockIoRule {
  /** Paths of block devices, with wildcards; none: every device, and only a weight. */
  readonly devices: readonly string[];
  /** 10 to 1000; 0: none. */
  readonly weight: number;
  /** Per second; 0: no limit. */
  readonly throttleReadBps: number;
  readonly throttleWriteBps: number;
  readonly throttleReadIops: number;
  readonly throttleWriteIops: number;
}

/** What a class comes to on this machine. */
export interface BlockIo {
  /** Written by us, when the cgroup is there. */
  readonly weights: BlockIoWeights;
  /** Written by the OCI runtime. */
  readonly throttle: OciBlockIo;
}
export const noBlockIo: BlockIo = { weights: { weight: 0, devices: [] }, throttle: {} };

export type BlockIoClasses = Readonly<Record<string, readonly BlockIoRule[]>>;

/**
 * The class that a pod's annotations choose for a container: its own before the pod's. Empty, or none of them: none.
 * Errors: `invalid_argument` for a class that the configuration does not have.
 */
export function chooseBlockIoClass(
  container: string,
  annotations: Readonly<Record<string, string>>,
  classes: BlockIoClasses,
): readonly BlockIoRule[] {
  const own = containerAnnotation + container;
  const key = annotations[own] === undefined ? podAnnotation : own;
  const name = annotations[key] ?? '';
  if (name === '') return [];
  const found = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(classes).join(', ') || 'none';
  throw fail(
    'invalid_argument',
    `annotation ${key}: no block I/O class ${JSON.stringify(name.slice(0, 80))}; [blockio.classes] has ${known}`,
  );
}

/**
 * What a class means on this machine, looked up anew for each container: devices come and go. Of two entries for one device
 * the later counts. Errors: `failed_precondition` for a device that is named without wildcards and not there.
 */
export async function lookUpBlockIo(rules: readonly BlockIoRule[]): Promise<BlockIo> {
  let weight = 0;
  const limits = new Map<string, BlockDevice & Omit<BlockIoRule, 'devices'>>();
  for (const { devices, ...values } of rules) {
    if (devices.length === 0) weight = values.weight || weight;
    for (const pattern of devices)
      for (const device of await devicesOf(pattern)) {
        const key = `${device.major}:${device.minor}`;
        const given = Object.entries(values).filter(([, value]) => value > 0);
        limits.set(key, { ...noLimits, ...limits.get(key), ...Object.fromEntries(given), ...device });
      }
  }
  const all = [...limits.values()];
  const rates = (name: keyof typeof noLimits) =>
    all.flatMap(({ major, minor, [name]: rate }) => (rate > 0 ? [{ major, minor, rate }] : []));
  return {
    weights: {
      weight,
      devices: rates('weight').map(({ major, minor, rate }) => ({ device: `${major}:${minor}`, weight: rate })),
    },
    throttle: nonEmpty({
      throttleReadBpsDevice: rates('throttleReadBps'),
      throttleWriteBpsDevice: rates('throttleWriteBps'),
      throttleReadIOPSDevice: rates('throttleReadIops'),
      throttleWriteIOPSDevice: rates('throttleWriteIops'),
    }),
  };
}

const noLimits = { weight: 0, throttleReadBps: 0, throttleWriteBps: 0, throttleReadIops: 0, throttleWriteIops: 0 };

function nonEmpty(section: Required<OciBlockIo>): OciBlockIo {
  const entries = Object.entries(section) as [keyof OciBlockIo, readonly OciBlockRate[]][];
  return Object.fromEntries(entries.filter(([, rates]) => rates.length > 0));
}

async function devicesOf(pattern: string): Promise<readonly BlockDevice[]> {
  const found: BlockDevice[] = [];
  for await (const path of glob(pattern)) {
    const device = await blockDevice(path);
    if (device !== undefined) found.push(device);
  }
  if (found.length === 0 && !/[*?[\]{}]/.test(pattern))
    throw fail('failed_precondition', `block I/O class: ${pattern} is no block device of this host`);
  return found;
}

/** Links such as those in /dev/disk/by-id are followed. */
async function blockDevice(path: string): Promise<BlockDevice | undefined> {
  try {
    const stats = await stat(await realpath(path));
    return stats.isBlockDevice() ? splitDeviceNumber(stats.rdev) : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
