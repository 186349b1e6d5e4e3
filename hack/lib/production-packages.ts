/**
 * production-packages.ts : prints the folders under node_modules that the installed program needs, one a line.
 * Without the npm package of Node itself: its binary is installed by itself.
 */
import { existsSync, readFileSync } from 'node:fs';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** Types cost space and run nothing. */
const unneeded = /^node_modules\/(node-linux-[^/]*|@types\/.*)$/;

/** Those in the lock file that are not for development alone, and are there: others are for another platform. */
export function productionPackages(lock: Lock, exists: (folder: string) => boolean): string[] {
  return Object.entries(lock.packages)
    .filter(([folder, { dev }]) => folder !== '' && dev !== true && !unneeded.test(folder))
    .map(([folder]) => folder)
    .filter(exists);
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
  for (const folder of productionPackages(lock, existsSync)) console.log(folder);
}
