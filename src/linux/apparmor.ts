import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { errnoOf } from '../base/errors.ts';

/** One line for each profile in the kernel's policy (Documentation/admin-guide/LSM/apparmor.rst). */
const profilesFile = '/sys/kernel/security/apparmor/profiles';

/** Where the program that loads profiles may be. */
export const appArmorParsers: readonly string[] = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser'];

/** Whether AppArmor confines programs here: it is in the kernel, switched on, and its policy can be looked at. */
export function appArmorIsOn(): boolean {
  return isYes('/sys/module/apparmor/parameters/enabled') && existsSync(profilesFile);
}

/** Names of the profiles that the kernel has; none where AppArmor is off. */
export async function loadedProfiles(): Promise<ReadonlySet<string>> {
  try {
    return parseProfiles(await readFile(profilesFile, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Set();
    throw error;
  }
}

/** `NAME (MODE)` in each line; names may have blanks and brackets of their own. */
export function parseProfiles(text: string): ReadonlySet<string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Set(lines.map((line) => line.replace(/ \([a-z]+\)$/, '')));
}

/** The profile that we run under ourselves; `unconfined` where there is none. */
export function ownProfile(): string {
  try {
    return readFileSync('/proc/self/attr/current', 'utf8')
      .trim()
      .replace(/ \([a-z]+\)$/, '');
  } catch {
    return 'unconfined';
  }
}

function isYes(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').startsWith('Y');
  } catch {
    return false;
  }
}
