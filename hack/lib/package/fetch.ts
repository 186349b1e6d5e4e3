/**
 * fetch.ts PACKAGE CACHE : prints the folder below CACHE with the npm package as the lock file names it: for another
 * platform than this one, whose packages `npm ci` leaves out. Fetched once, and held against the lock file's checksum.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
}

function fetchPackage(name: string, cache: string): string {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}`);
  const folder = join(cache, `${name.replaceAll('/', '+')}-${locked.version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, '.fetch-'));
  try {
    const options = ['--silent', '--pack-destination', work];
    const packed = execFileSync('npm', ['pack', `${name}@${locked.version}`, ...options], { encoding: 'utf8' });
    const archive = join(work, basename(packed.trim().split('\n').at(-1) ?? ''));
    const sum = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (sum !== locked.integrity) throw new Error(`${name}@${locked.version} is not what package-lock.json names`);
    execFileSync('tar', ['-xzf', archive, '-C', work, '--no-same-owner']);
    renameSync(join(work, 'package'), folder);
    return folder;
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (import.meta.main) {
  const [name, cache] = process.argv.slice(2);
  if (name === undefined || cache === undefined) throw new Error('usage: fetch.ts PACKAGE CACHE');
  console.log(resolve(fetchPackage(name, cache)));
}
