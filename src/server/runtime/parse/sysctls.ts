import { fail } from '../../../base/errors.ts';
import type { PodConfig } from '../../../sandbox/pod/record.ts';

/** Those of the ipc namespace (sysctl/kernel.rst, sysctl/fs.rst of the kernel's documentation). */
const ipcNames = /^(kernel\.(shm[a-z_]+|msg[a-z_]+|sem)|fs\.mqueue\.[a-z_]+)$/;

/**
 * Only what belongs to a namespace of the sandbox may be set. Errors: `invalid_argument` for one that is the
 * whole host's, or whose namespace this sandbox shares with the host.
 */
export function checkSysctls(
  sysctls: Readonly<Record<string, string>>,
  namespaces: Pick<PodConfig, 'network' | 'ipc'>,
): void {
  for (const name of Object.keys(sysctls)) {
    if (!/^[a-z0-9_]+([./][a-zA-Z0-9_-]+)+$/.test(name)) throw fail('invalid_argument', `sysctl ${name}: not a name`);
    if (name.startsWith('net.')) refuseShared(name, 'network', namespaces.network);
    else if (ipcNames.test(name)) refuseShared(name, 'ipc', namespaces.ipc);
    else
      throw fail('invalid_argument', `sysctl ${name} is not of a namespace of the sandbox: set it on the node instead`);
  }
}

function refuseShared(name: string, namespace: string, mode: PodConfig['network']): void {
  if (mode === 'node')
    throw fail(
      'invalid_argument',
      `sysctl ${name} cannot be set: the sandbox shares the host's ${namespace} namespace`,
    );
}
