import type { CgroupPath } from '../../cgroups/path.ts';
import { chooseBlockIoClass, lookUpBlockIo, noBlockIo } from '../oci/blockio.ts';
import type { BlockIo } from '../oci/blockio.ts';
import type { Parts } from '../parts.ts';
import type { PodRecord } from '../pod/record.ts';

/**
 * What the block I/O class of a container comes to. Errors: `invalid_argument` for a class that is not configured,
 * `failed_precondition` for one that this host cannot hold.
 */
export async function containerBlockIo(
  { cgroups, settings }: Pick<Parts, 'cgroups' | 'settings'>,
  container: string,
  { config, cgroup }: PodRecord,
): Promise<BlockIo> {
  const rules = chooseBlockIoClass(container, config.annotations, settings.blockIoClasses);
  if (rules.length === 0) return noBlockIo;
  const found = await lookUpBlockIo(rules);
  cgroups.checkBlockIo(cgroup as CgroupPath, {
    weight: found.weights.weight > 0,
    deviceWeight: found.weights.devices.length > 0,
    throttle: Object.keys(found.throttle).length > 0,
  });
  return found;
}
