/**
 * production-packages.ts : prints the folders under node_modules that the installed program needs, one a line: what the
 * bundle leaves outside, and what that needs. Without the npm package of Node itself: its binary is installed by itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import { external } from './bundle.ts';

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

const top = 'node_modules/';

/** Those of the lock file that are there: optional ones for another platform are not. Types run nothing. */
export function productionPackages(lock: Lock, exists: (folder: string) => boolean): string[] {
  const needed = new Set<string>();
  const add = (folder: string | undefined) => {
    if (folder === undefined || needed.has(folder) || folder.includes('/@types/') || !exists(folder)) return;
    needed.add(folder);
    const { dependencies, optionalDependencies, peerDependencies } = lock.packages[folder] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
      add(resolved(lock, folder, name));
  };
  for (const name of Object.keys(lock.packages['']?.dependencies ?? {})) if (isOutside(name)) add(`${top}${name}`);
  return [...needed].sort();
}

/** Not in the bundle. */
export function isOutside(name: string): boolean {
  return external.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

/** As Node looks for it: in the package's own folder, then upwards. */
function resolved(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf(`/${top}`), 0))) {
    const found = folder === '' ? `${top}${name}` : `${folder}/${top}${name}`;
    if (found in lock.packages) return found;
    if (folder === '') return undefined;
  }
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
  for (const folder of productionPackages(lock, existsSync)) console.log(folder);
}
