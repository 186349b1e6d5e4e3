import { z } from 'zod';
import { absolutePath } from '../values.ts';

export const cdiSection = z
  .strictObject({
    specDirs: z
      .array(absolutePath())
      .default(['/etc/cdi', '/var/run/cdi'])
      .describe(
        'Directories of JSON and YAML files that say what a device like vendor.com/gpu=0 is. Where two have it, the later directory counts.',
      ),
  })
  .describe('Devices by the Container Device Interface, as device plugins and drivers of resource claims name them.');
