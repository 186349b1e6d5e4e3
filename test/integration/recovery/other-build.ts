import type { Plugin } from 'esbuild';
import { readFileSync } from 'node:fs';
import { bundle } from '../../../hack/lib/bundle.ts';

const repository = new URL('../../..', import.meta.url).pathname;
const kinds = /src\/sandbox\/(pod|container)\/(record|state)\.ts$/;

/**
 * A build of this checkout that writes the next version of the records of pods and containers, with one field more. With
 * `readable`, this version's readers may leave that out. Errors: where a kind is no longer written as is expected here.
 */
export async function buildNext(out: string, readable: boolean): Promise<string> {
  const plugin: Plugin = {
    name: 'next-version',
    setup(builder) {
      builder.onLoad({ filter: kinds }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const next = source.replace(
          /(CheckpointKind<\w+> = \{[^}]*?version: )(\d+)(,)/,
          (_, before: string, version: string) =>
            `${before}${Number(version) + 1}, ${readable ? `readableSince: ${version},` : ''}`,
        );
        if (next === source) throw new Error(`${path} has no version to raise`);
        return { contents: next, loader: 'ts' };
      });
    },
  };
  await bundle(repository, out, [plugin]);
  return `${out}/main.js`;
}
