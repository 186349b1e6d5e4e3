import { z } from 'zod';
import { absolutePath } from '../values.ts';

export const conmonSection = z
  .strictObject({ path: absolutePath().default('/usr/bin/conmon').describe('The conmon binary, 2.1 or newer.') })
  .describe('The monitor of each container: holds its output and exit code while the daemon is away.');

export const initSection = z
  .strictObject({
    path: absolutePath()
      .default('/usr/bin/catatonit')
      .describe('The init that holds the PID namespace of a pod whose containers share one.'),
  })
  .describe('The init of pods with a shared PID namespace.');
