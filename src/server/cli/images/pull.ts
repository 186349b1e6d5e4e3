import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ImageServiceService, PullImageRequest } from '../../../../api/cri/v1/api.ts';
import { controlSocket } from '../../config/paths.ts';
import { callControl } from '../../control/client.ts';
import { pullProgressPath } from '../../control/pull-progress.ts';
import { callCri } from '../cri-call.ts';
import type { Screen } from '../screen.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import { progressLines } from './bar.ts';
import { imageNamed } from './spec.ts';

/** Milliseconds. The daemon itself gives up a download that stands still long before. */
const pullTimeoutMs = 3_600_000;
const drawEveryMs = 200;

/** Pulls; where standard output is a terminal, a bar shows how far it is. */
export async function pullImage(image: string, flags: SettingFlags, terminal: Terminal): Promise<void> {
  const settings = await loadSettings(flags);
  const request = { ...PullImageRequest.decode(new Uint8Array()), image: imageNamed(image) };
  const call = { socket: settings.socket, timeoutMs: pullTimeoutMs, signal: terminal.signal };
  const done = new AbortController();
  const { screen } = terminal;
  const drawing = screen && draw(image, controlSocket(settings), { screen, out: terminal.out }, done.signal);
  try {
    const { imageRef } = await callCri(ImageServiceService.pullImage, request, call);
    done.abort();
    await drawing;
    terminal.out(`${imageRef}\n`);
  } finally {
    done.abort();
    await drawing;
  }
}

const answer = z.object({
  pulls: z.array(
    z.object({
      reference: z.string(),
      layers: z.array(
        z.object({
          digest: z.string(),
          size: z.number(),
          received: z.number(),
          state: z.enum(['waiting', 'downloading', 'unpacking', 'here']),
        }),
      ),
    }),
  ),
});

/** Draws over its own last lines until the signal fires, then takes them away. */
async function draw(
  image: string,
  socket: string,
  { screen, out }: { readonly screen: Screen; readonly out: (text: string) => void },
  signal: AbortSignal,
): Promise<void> {
  let drawn = 0;
  const show = (lines: readonly string[]) => {
    out(`${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[J${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  try {
    for (;;) {
      await delay(drawEveryMs, undefined, { signal });
      const call = { socket, method: 'GET', path: pullProgressPath, query: { image }, body: undefined } as const;
      const { pulls } = answer.parse(await callControl(call, signal));
      show(pulls.flatMap((pull) => progressLines(pull, screen.size().columns - 1)).slice(0, screen.size().rows - 1));
    }
  } catch {
    // The pull has ended; or nothing can be learned of it, and then there is no bar.
    show([]);
  }
}
