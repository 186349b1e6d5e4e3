import { z } from 'zod';
import type { BlockIoClasses, BlockIoRule } from '../../../sandbox/oci/blockio.ts';
import { integer } from '../values.ts';

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};
const quantity = /^(\d{1,15})(k|M|G|Ki|Mi|Gi)?$/;

/** `60M`, `100Ki` or a number. */
const bytesPerSecond = z
  .union([integer(1, Number.MAX_SAFE_INTEGER), z.string().regex(quantity, 'must be a number, or text such as "60M"')])
  .optional();
const perSecond = integer(1, Number.MAX_SAFE_INTEGER).optional();
const weightError = 'must be a whole number from 10 to 1000';

const rule = z
  .strictObject({
    devices: z.array(z.string().startsWith('/dev/', 'must begin with /dev/')).default([]),
    weight: z
      .number()
      .refine((value) => Number.isInteger(value) && value >= 10 && value <= 1000, weightError)
      .optional(),
    throttle_read_bps: bytesPerSecond,
    throttle_write_bps: bytesPerSecond,
    throttle_read_iops: perSecond,
    throttle_write_iops: perSecond,
  })
  .refine(
    ({ devices, weight: _ofAll, ...rates }) => devices.length > 0 || Object.keys(rates).length === 0,
    'must name devices for its throttle settings; only a weight is for all of them',
  );

export const blockioSection = z
  .strictObject({
    classes: z
      .record(
        z.string().regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, 'names are as those of labels'),
        z.array(rule),
      )
      .default({})
      .describe(
        'By name, a list of tables: devices (paths with wildcards; none: all), weight (10 to 1000), throttle_read_bps, throttle_write_bps (bytes a second, or text such as "60M", "1Gi"), throttle_read_iops, throttle_write_iops.',
      ),
  })
  .describe(
    'Classes of block I/O. A pod chooses one by the annotation blockio.resources.beta.kubernetes.io/pod, for one container by blockio.resources.beta.kubernetes.io/container.NAME.',
  );

type Section = z.output<typeof blockioSection>;

/** The classes with numbers for all that they leave out. */
export function blockIoClasses({ classes }: Section): BlockIoClasses {
  const rules = Object.entries(classes).map(([name, list]) => [
    name,
    list.map((given): BlockIoRule => ({
      devices: given.devices,
      weight: given.weight ?? 0,
      throttleReadBps: bytesOf(given.throttle_read_bps),
      throttleWriteBps: bytesOf(given.throttle_write_bps),
      throttleReadIops: given.throttle_read_iops ?? 0,
      throttleWriteIops: given.throttle_write_iops ?? 0,
    })),
  ]);
  return Object.fromEntries(rules) as BlockIoClasses;
}

function bytesOf(value: number | string | undefined): number {
  const [, digits = '0', unit = ''] = quantity.exec(String(value ?? 0)) ?? [];
  return Number(digits) * (units[unit] ?? 1);
}
