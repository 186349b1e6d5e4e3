/**
 * Test files as a few files of JavaScript. In an emulated machine most of the time of a test file would go into finding,
 * reading and stripping hundreds of sources.
 */
import type { Plugin } from 'esbuild';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { banner, buildOnce, external, workersOf } from '../bundle.ts';

const parts = ['hack/lib/test/part.ts', 'hack/lib/test/in-machine.ts'];

/** Builds into `out`, which is emptied; answers where each file is now, by its path in the repository. */
export async function compileTests(
  repo: string,
  out: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  // Else nothing above it would say so: a search for one ends at node_modules.
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }');
  const named = [...parts, ...files].map((file) => [flat(file), file] as const);
  // All lie flat: a Worker is looked for beside what starts it.
  const workers = workersOf(repo).map((file) => [basename(file, '.ts'), file] as const);
  await buildOnce({
    absWorkingDir: repo,
    entryPoints: Object.fromEntries([...named, ...workers]),
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    keepNames: true,
    external: [...external, 'mocha', 'esbuild'],
    banner: { js: banner },
    plugins: [placesOfSources(repo)],
    logLevel: 'warning',
  });
  return new Map(named.map(([name, file]) => [file, join(out, `${name}.js`)]));
}

const flat = (file: string): string => file.replace(/\.ts$/, '').replaceAll('/', '-');

/** What tests find by their own place is where it was. Programs look for their Workers by theirs, which is the new one. */
function placesOfSources(repo: string): Plugin {
  return {
    name: 'places-of-sources',
    setup(builder) {
      builder.onLoad({ filter: /\/(test|hack)\/.*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const isPart = parts.some((part) => path === join(repo, part));
        const contents = source
          .replaceAll('import.meta.dirname', isPart ? 'import.meta.dirname' : JSON.stringify(dirname(path)))
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
          .replaceAll('import.meta.main', isPart ? 'import.meta.main' : 'false');
        return { contents, loader: 'ts' };
      });
    },
  };
}
