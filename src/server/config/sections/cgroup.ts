import { z } from 'zod';

export const cgroupSection = z
  .strictObject({
    driver: z
      .enum(['auto', 'cgroupfs', 'systemd'])
      .default('auto')
      .describe(
        'Who makes cgroups. "auto": the one that spells `parent` so; where that is empty, systemd if it is the service ' +
          'manager and D-Bus is there, else cgroupfs. The kubelet must use the same one; it asks us over RuntimeConfig.',
      ),
    parent: z
      .string()
      .refine((text) => text === '' || /^\/[^/]/.test(text) || /^[^/]+\.slice$/.test(text), {
        error: 'must be empty, an absolute path such as "/cricket", or a slice such as "cricket.slice"',
      })
      .default('')
      .describe(
        'Cgroup for pods whose configuration names no parent, and for monitors and helpers, as the driver spells it. ' +
          'Empty: "/cricket" with cgroupfs, "cricket.slice" with systemd.',
      ),
  })
  .describe('Control groups.');
