import { fail } from '../../../base/errors.ts';
import { removeCredentials, saveCredentials } from '../../../image/registry/auth-file-edit.ts';
import { checkCredentials } from '../../../image/registry/check-credentials.ts';
import { parseReference } from '../../../image/reference/parse.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import { readAll, readHidden } from './secret.ts';

export interface LoginFlags extends SettingFlags {
  readonly username: string;
  readonly passwordStdin: boolean;
}

/** Asks the registry first: what it refuses is not written. The daemon reads the file with its next pull. */
export async function login(server: string, flags: LoginFlags, terminal: Terminal): Promise<void> {
  const { images } = await loadSettings(flags);
  const registry = registryOf(server);
  const password = flags.passwordStdin ? (await readAll()).replace(/\r?\n$/, '') : await readHidden(terminal);
  if (password === '') throw fail('invalid_argument', 'the password is empty');
  if (flags.username.includes(':')) throw fail('invalid_argument', 'a user name has no colon in it');
  const credentials = { username: flags.username, password };
  const options = { certsDir: images.certsDir, plainHttpHosts: images.plainHttp, proxy: terminal.environment };
  await checkCredentials(registry, credentials, options, terminal.signal);
  await saveCredentials(images.authFile, registry, credentials);
  terminal.out(`logged in to ${registry}; the credentials are in ${images.authFile}\n`);
}

export async function logout(server: string, flags: SettingFlags, terminal: Terminal): Promise<void> {
  const { images } = await loadSettings(flags);
  const registry = registryOf(server);
  if (!(await removeCredentials(images.authFile, registry)))
    throw fail('not_found', `registry ${registry}: ${images.authFile} has no credentials for it`);
  terminal.out(`logged out of ${registry}\n`);
}

/** `https://HOST/v1/` and the like are what people have in their scripts. Errors: `invalid_argument`. */
function registryOf(server: string): string {
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  if (['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host)) return 'docker.io';
  if (!/[.:]|^localhost$/.test(host))
    throw fail(
      'invalid_argument',
      `registry ${JSON.stringify(server)}: name a host, such as registry.example.com:5000`,
    );
  return parseReference(`${host}/any`).registry;
}
