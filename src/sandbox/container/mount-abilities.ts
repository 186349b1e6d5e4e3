import { fail } from '../../base/errors.ts';
import { mountsRecursivelyReadonly } from '../oci/features.ts';
import type { OciRuntime } from '../oci/runtime.ts';
import type { Parts } from '../parts.ts';
import type { ContainerConfig } from './record.ts';

/**
 * That the runtime and the kernel can mount as the container asks. Errors: `unimplemented`; with the word
 * RROUnsupported of KEP-3857 in front where it is recursive read-only that they cannot.
 */
export async function checkMountAbilities(
  { features, host }: Pick<Parts, 'features' | 'host'>,
  config: ContainerConfig,
  runtime: OciRuntime,
): Promise<void> {
  const asking = config.mounts.filter(({ recursiveReadonly, options }) => recursiveReadonly || options.length > 0);
  if (asking.length === 0) return;
  const able = await features.of(runtime);
  for (const { containerPath, recursiveReadonly, options } of asking) {
    if (recursiveReadonly && !mountsRecursivelyReadonly(able, host.seccomp.kernel))
      throw fail(
        'unimplemented',
        `RROUnsupported: mount ${containerPath}: recursive read-only needs Linux 5.12 and runc 1.1 or crun 1.4; here is Linux ${host.seccomp.kernel.join('.')} with ${runtime.path}`,
      );
    const unable = options.filter((option) => !able.mountOptions.has(option));
    if (unable.length > 0)
      throw fail(
        'unimplemented',
        `mount ${containerPath}: runtime ${runtime.path} does not know the mount options ${unable.join(', ')}; take a newer one`,
      );
  }
}
