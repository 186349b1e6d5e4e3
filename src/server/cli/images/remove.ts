import { ImageServiceService } from '../../../../api/cri/v1/api.ts';
import { callCri } from '../cri-call.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import { imageNamed } from './spec.ts';
import { findImage } from './status.ts';

/** Removes images one by one and tells each; the first that is absent or in use ends it. */
export async function removeImages(names: readonly string[], flags: SettingFlags, terminal: Terminal): Promise<void> {
  const { socket } = await loadSettings(flags);
  const call = { socket, timeoutMs: 120_000, signal: terminal.signal };
  for (const name of names) {
    await findImage(name, false, call);
    await callCri(ImageServiceService.removeImage, { image: imageNamed(name) }, call);
    terminal.out(`removed ${name}\n`);
  }
}
