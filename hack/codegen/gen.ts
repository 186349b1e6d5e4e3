import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { typeScriptOf } from './buf.ts';
import { readContract, repoRoot } from './contract.ts';
import { protoText } from './proto.ts';
import { secretsText } from './secrets.ts';

/** What `npm run gen` writes, by path in the repository; needs no network. */
async function generated(): Promise<ReadonlyMap<string, string>> {
  const contract = readContract();
  const proto = protoText(contract);
  return new Map([
    ['api/cri/v1/api.proto', proto],
    ['api/cri/v1/api.ts', await typeScriptOf(proto)],
    ['api/cri/v1/secrets.ts', await formatted('api/cri/v1/secrets.ts', secretsText(contract))],
  ]);
}

async function formatted(path: string, text: string): Promise<string> {
  const filepath = fileURLToPath(new URL(path, repoRoot));
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}

async function committed(path: string): Promise<string | undefined> {
  return readFile(new URL(path, repoRoot), 'utf8').catch(() => undefined);
}

const check = process.argv.includes('--check');
for (const [path, text] of await generated()) {
  if ((await committed(path)) === text) continue;
  if (check) {
    console.error(`${path} differs from what hack/codegen/gen.ts writes: run "npm run gen" and commit the result`);
    process.exitCode = 1;
  } else {
    await writeFile(new URL(path, repoRoot), text);
    console.log(`wrote ${path}`);
  }
}
