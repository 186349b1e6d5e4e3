import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../path.ts';
import { parseCgroupPath } from '../path.ts';
import { isSliceName, sliceAsPath } from './systemd.ts';

/**
 * A parent as a kubelet with `cgroupDriver: cgroupfs` names it. Errors: `invalid_argument`, also for the systemd
 * driver's spelling: taken literally it would put the pod outside the tree that the kubelet accounts and limits.
 */
export function parseCgroupfsParent(text: string): CgroupPath {
  if (isSliceName(text)) {
    throw fail(
      'invalid_argument',
      `cgroup parent ${JSON.stringify(text.slice(0, 120))} is a systemd slice, but the cgroup driver here is cgroupfs, ` +
        `which spells it ${sliceAsPath(text.slice(0, 120))}; give kubelet and runtime the same cgroup driver`,
    );
  }
  return parseCgroupPath(text);
}
