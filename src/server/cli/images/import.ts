import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { fail, messageOf } from '../../../base/errors.ts';
import { controlSocket } from '../../config/paths.ts';
import { callControl } from '../../control/client.ts';
import { importImagePath } from '../../control/import-image.ts';
import { loadSettings } from '../settings.ts';
import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';
import { json } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';

const imported = z.object({ images: z.array(z.string()) });

export interface ImportFlags extends SettingFlags {
  readonly name?: string;
  readonly rootfs: boolean;
  readonly format: FormatFlag['format'];
}

/** Sends the archive over the control socket: the daemon need not be able to read the file. */
export async function importImage(file: string, flags: ImportFlags, terminal: Terminal): Promise<void> {
  const socket = controlSocket(await loadSettings(flags));
  const query = { ...(flags.name !== undefined && { name: flags.name }), ...(flags.rootfs && { rootfs: '1' }) };
  const body = await openArchive(file);
  const call = { socket, method: 'POST', path: importImagePath, query, body } as const;
  const { images } = imported.parse(await callControl(call, terminal.signal));
  terminal.out(flags.format === 'json' ? json({ images }) : images.map((name) => `imported ${name}\n`).join(''));
}

async function openArchive(file: string): Promise<Readable> {
  if (file === '-') return process.stdin;
  const found = await stat(file).catch((error: unknown) => {
    throw fail('not_found', `archive ${file}: ${messageOf(error)}`, error);
  });
  if (!found.isFile())
    throw fail('invalid_argument', `archive ${file}: not a file; name a .tar, or - for standard input`);
  return createReadStream(file);
}
