import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fail, messageOf } from '../../../base/errors.ts';
import { controlSocket } from '../../config/paths.ts';
import { openControl } from '../../control/client.ts';
import { exportImagesPath } from '../../control/images/export.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

/** Writes the archive beside its name first: there is never half of one under it. */
export async function exportImages(
  names: readonly string[],
  flags: SettingFlags & { readonly output?: string },
  terminal: Terminal,
): Promise<void> {
  if (flags.output === undefined && process.stdout.isTTY)
    throw fail('invalid_argument', 'an archive is nothing for a terminal; use --output or a pipe');
  const socket = controlSocket(await loadSettings(flags));
  const call = { socket, method: 'GET', path: exportImagesPath, query: { image: names }, body: undefined } as const;
  const archive = await openControl(call, terminal.signal);
  if (flags.output === undefined) {
    await whole('standard output', pipeline(archive, process.stdout));
    return;
  }
  const partial = `${flags.output}.partial`;
  try {
    await whole(flags.output, pipeline(archive, createWriteStream(partial, { mode: 0o644 })));
    await whole(flags.output, rename(partial, flags.output));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  terminal.out(`exported ${names.join(', ')} to ${flags.output}\n`);
}

/** Errors: `unavailable` with the name of the archive. */
async function whole(archive: string, work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    throw fail('unavailable', `archive ${archive}: ${messageOf(error)}`, error);
  });
}
