import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../base/checkpoint.ts';
import { errnoOf } from '../base/errors.ts';
import { newInstanceId, parseInstanceId } from '../base/ids.ts';
import type { InstanceId } from '../base/ids.ts';

/** The id of this installation, made with its root directory: it is in every name we make in the kernel. */
export async function readInstance(root: string): Promise<InstanceId> {
  const path = join(root, 'instance');
  try {
    return parseInstanceId((await readFile(path, 'utf8')).trim());
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const instance = newInstanceId();
  await writeAtomic(path, `${instance}\n`, { durable: true });
  return instance;
}
