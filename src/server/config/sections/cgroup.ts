import { z } from 'zod';
import { absolutePath } from '../values.ts';

export const cgroupSection = z
  .strictObject({
    driver: z
      .enum(['auto', 'cgroupfs'])
      .default('auto')
      .describe('Who makes cgroups. The kubelet must use the same one; it asks us over RuntimeConfig.'),
    parent: absolutePath()
      .default('/cricket')
      .describe('Cgroup for pods whose configuration names no parent, and for monitors and helpers.'),
  })
  .describe('Control groups.');
