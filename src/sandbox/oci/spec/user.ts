import type { OciUser } from './oci.ts';
import type { SpecInput } from './input.ts';

/** The runtime would inherit the monitor's umask if none were written. */
const umask = 0o022;

/** Groups in ascending order, each once. */
export function userSection(user: SpecInput['user']): OciUser {
  const additionalGids = [...new Set(user.additionalGids)].sort((a, b) => a - b);
  return { uid: user.uid, gid: user.gid, umask, additionalGids };
}
