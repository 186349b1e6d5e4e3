import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { typeScriptOf } from './buf.ts';
import { configDoc, configDocPath } from './config-doc.ts';
import { readContract, repoRoot } from './contract.ts';
import { metricsDoc, metricsDocPath } from './metrics-doc.ts';
import { protoText } from './proto.ts';
import { secretsText } from './secrets.ts';

/** What `npm run gen` writes: text by path in the repository. The same table and node_modules give the same bytes; no network. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const contract = readContract();
  const proto = protoText(contract);
  return new Map([
    ['api/cri/v1/api.proto', proto],
    ['api/cri/v1/api.ts', await typeScriptOf(proto)],
    [metricsDocPath, metricsDoc(repoRoot)],
    [configDocPath, await formatted(configDocPath, configDoc())],
    ['api/cri/v1/secrets.ts', await formatted('api/cri/v1/secrets.ts', secretsText(contract))],
  ]);
}

/** Paths under `root` whose content is not the given one, absent files among them. */
export async function differing(files: ReadonlyMap<string, string>, root: URL): Promise<string[]> {
  const compared = await Promise.all(
    [...files].map(async ([path, text]) => ((await read(path, root)) === text ? [] : path)),
  );
  return compared.flat();
}

/** Writes those that differ and returns their paths. */
export async function writeDiffering(files: ReadonlyMap<string, string>, root: URL): Promise<string[]> {
  const paths = await differing(files, root);
  await Promise.all(paths.map((path) => writeFile(new URL(path, root), files.get(path) ?? '')));
  return paths;
}

async function formatted(path: string, text: string): Promise<string> {
  const filepath = fileURLToPath(new URL(path, repoRoot));
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}

async function read(path: string, root: URL): Promise<string | undefined> {
  return readFile(new URL(path, root), 'utf8').catch(() => undefined);
}
