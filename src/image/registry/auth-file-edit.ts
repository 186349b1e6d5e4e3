import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../base/checkpoint.ts';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';

/** Only what is changed is looked at: helpers and settings of other programs stay as they are. */
const schema = z.looseObject({ auths: z.record(z.string(), z.unknown()).default({}) });

/** Writes credentials for a registry into a file in the form of Docker's config.json, 0600, made if it is not there. */
export async function saveCredentials(
  file: string,
  registry: string,
  login: { readonly username: string; readonly password: string },
): Promise<void> {
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const before = await read(file);
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  await write(file, { ...before, auths: { ...before.auths, [registry]: { auth } } });
}

/** Takes a registry's credentials away, under whatever spelling. False when there were none. */
export async function removeCredentials(file: string, registry: string): Promise<boolean> {
  const before = await read(file);
  const spellings = [registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v1/`];
  if (registry === 'docker.io') spellings.push('index.docker.io', 'https://index.docker.io/v1/');
  const auths = Object.fromEntries(Object.entries(before.auths).filter(([key]) => !spellings.includes(key)));
  if (Object.keys(auths).length === Object.keys(before.auths).length) return false;
  await write(file, { ...before, auths });
  return true;
}

/** Errors: `failed_precondition` for a file that is there and not in that form; it is left as it is. */
async function read(file: string): Promise<z.infer<typeof schema>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return '{}';
    throw fail('failed_precondition', `credentials in ${file} cannot be read: ${messageOf(error)}`, error);
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The parser's own message would quote what stands there: passwords.
    throw fail('failed_precondition', `credentials in ${file} are not in the form of Docker's config.json`);
  }
}

const write = async (file: string, content: object) =>
  writeAtomic(file, Buffer.from(`${JSON.stringify(content, null, 2)}\n`), { durable: true });
