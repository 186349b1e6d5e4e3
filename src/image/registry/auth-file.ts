import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import type { RegistryAuth } from './auth.ts';

const schema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
        registrytoken: z.string().optional(),
      }),
    )
    .default({}),
});

/**
 * The credentials that a file in Docker's form has for `HOST/REPOSITORY`: the entry whose key is the longest beginning
 * of it, `host`, `host/path` or an old address like `https://index.docker.io/v1/`. Read for each pull.
 * Undefined when there is no file or no entry. Errors: `failed_precondition` naming the file.
 */
export async function credentialsFromFile(file: string, name: string): Promise<RegistryAuth | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fail('failed_precondition', `credentials in ${file} cannot be read: ${messageOf(error)}`, error);
  });
  if (text === undefined) return undefined;
  const fitting = Object.entries(parse(text, file))
    .map(([key, entry]) => ({ key: hostAndPath(key), entry }))
    .filter(({ key }) => name === key || name.startsWith(`${key}/`))
    .sort((one, other) => other.key.length - one.key.length);
  const entry = fitting[0]?.entry;
  if (entry === undefined) return undefined;
  const { identitytoken, registrytoken, ...rest } = entry;
  return {
    ...(rest.auth !== undefined && { auth: rest.auth }),
    ...(rest.username !== undefined && { username: rest.username }),
    ...(rest.password !== undefined && { password: rest.password }),
    ...(identitytoken !== undefined && { identityToken: identitytoken }),
    ...(registrytoken !== undefined && { registryToken: registrytoken }),
  };
}

function parse(text: string, file: string) {
  try {
    return schema.parse(JSON.parse(text)).auths;
  } catch {
    // The parser's own message would quote what stands there: passwords.
    throw fail('failed_precondition', `credentials in ${file} are not in the form of Docker's config.json`);
  }
}

/** Keys of old carry a scheme and the API's version. */
function hostAndPath(key: string): string {
  const bare = key
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/\/v[12]$/, '');
  return bare.replace(/^(?:index\.|registry-1\.)?docker\.io(?=\/|$)/, 'docker.io');
}
