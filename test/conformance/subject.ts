import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket, CricketOptions } from '../fixtures/daemon.ts';
import { startTestRegistry, writeMirrors } from '../fixtures/images/images.ts';

/** A daemon that finds critest's images in a registry on loopback, and a folder for critest's own. */
export interface Subject {
  readonly cricket: Cricket;
  readonly dir: string;
}

/** All of it goes with the stack. */
export async function startSubject(
  stack: AsyncDisposableStack,
  options: Pick<CricketOptions, 'network'> = {},
): Promise<Subject> {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-critest-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const registry = await startTestRegistry({ configDir: join(dir, 'registry') });
  stack.defer(async () => registry.stop());
  const certsDir = join(dir, 'certs.d');
  mkdirSync(certsDir);
  writeMirrors(certsDir, registry);
  const cricket = await startCricket({ ...options, certsDir, demo: false });
  stack.defer(async () => cricket.stop());
  return { cricket, dir };
}
