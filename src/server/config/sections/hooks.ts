import { z } from 'zod';
import { absolutePath } from '../values.ts';

export const hooksSection = z
  .strictObject({
    dirs: z
      .array(absolutePath())
      .default(['/usr/share/containers/oci/hooks.d'])
      .describe(
        'Directories of OCI hooks, as podman and CRI-O read them. A file hides one of its name in an earlier directory. /etc/containers/oci/hooks.d is where an administrator adds or hides some. Empty: no hooks.',
      ),
  })
  .describe('Programs that the OCI runtime runs at stages of containers.');
