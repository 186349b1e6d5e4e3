import { ImageServiceService, PullImageRequest } from '../../../../api/cri/v1/api.ts';
import { callCri } from '../cri-call.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import { imageNamed } from './spec.ts';

/** Milliseconds. The daemon itself gives up a download that stands still long before. */
const pullTimeoutMs = 3_600_000;

export async function pullImage(image: string, flags: SettingFlags, terminal: Terminal): Promise<void> {
  const { socket } = await loadSettings(flags);
  const request = { ...PullImageRequest.decode(new Uint8Array()), image: imageNamed(image) };
  const call = { socket, timeoutMs: pullTimeoutMs, signal: terminal.signal };
  const { imageRef } = await callCri(ImageServiceService.pullImage, request, call);
  terminal.out(`${imageRef}\n`);
}
