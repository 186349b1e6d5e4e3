import { z } from 'zod';
import { absolutePath, socketPath } from '../values.ts';

/** Settings that stand outside every section. */
export const daemonSettings = {
  socket: socketPath()
    .default('')
    .describe('Unix socket on which CRI is served. Empty: cricket.sock in the state directory.'),
  group: z
    .string()
    .regex(/^[a-z_0-9][a-z0-9_.-]*$/i, 'must be the name or number of a group')
    .default('root')
    .describe(
      'Group that may use the socket, by name or number. Who can open the socket can start privileged containers: this group equals root.',
    ),
  root: absolutePath()
    .default('/var/lib/cricket')
    .describe('Directory of everything that outlives a reboot: images, layers, records of pods and containers.'),
  state: absolutePath()
    .default('/run/cricket')
    .describe('Directory of what ends with a reboot: sockets, pid file, handles of running containers.'),
};
