import type { OciUser } from './oci.ts';
import type { SpecInput } from './input.ts';

/** The runtime would inherit the monitor's umask if none were written. */
const umask = 0o022;

/**
 * Groups in ascending order, each once, the primary one among them: a program that changes its group must not
 * lose it, as files may deny something to that group alone (CVE-2022-36109, CVE-2023-25173).
 */
export function userSection(user: SpecInput['user']): OciUser {
  const additionalGids = [...new Set([user.gid, ...user.additionalGids])].sort((a, b) => a - b);
  return { uid: user.uid, gid: user.gid, umask, additionalGids };
}
