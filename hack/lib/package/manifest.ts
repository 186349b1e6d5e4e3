/** manifest.ts VERSION : prints package.json of the npm package. */
import { readFileSync } from 'node:fs';
import { isOutside } from '../production-packages.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string } | undefined>>;
}

const [version] = process.argv.slice(2);
const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const own = read('package.json') as Manifest & Record<'name' | 'description' | 'license', string>;
const lock = read('package-lock.json') as Lock;
/** As they were tested: to the letter of the lock file. */
const exactly = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, lock.packages[`node_modules/${name}`]?.version]));
// The others are in dist/ already.
const outside = Object.keys(own.dependencies).filter(isOutside);
const manifest = {
  name: own.name,
  version,
  description: own.description,
  license: own.license,
  type: 'module',
  os: ['linux'],
  cpu: ['x64', 'arm64'],
  bin: { cricket: 'bin/cricket' },
  man: ['man/cricket.8', 'man/cricket.toml.5'],
  dependencies: exactly(outside),
  optionalDependencies: exactly(Object.keys(own.optionalDependencies)),
};
console.log(JSON.stringify(manifest, null, 2));
