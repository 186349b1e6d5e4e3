import { z } from 'zod';
import { withTimeout } from '../../../base/abort.ts';
import { openAttachSession } from '../../../sandbox/container/attach.ts';
import type { AttachParts } from '../../../sandbox/container/attach.ts';
import { isLive } from '../../../sandbox/container/state.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Container } from '../../../sandbox/store/store.ts';
import type { ServedEnd } from '../../streaming/process/serve.ts';
import type { EndFrame } from '../session/answers.ts';
import { readOrder, sit } from '../session/serve.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const attachPath = '/v1/containers/attach';
const attachOrder = z.object({ object: z.string(), stdin: z.boolean() });
export type AttachWish = z.input<typeof attachOrder>;

/** Milliseconds from the last of a container's output until its exit is known. */
const exitMs = 30_000;

/** POST /v1/containers/attach, an order as the first frame: the streams of its first process. */
export function attachVerb(parts: AttachParts & Pick<Parts, 'images'>): Verb {
  return {
    method: 'POST',
    path: attachPath,
    async run(request, signal) {
      const { order: given, frames } = await readOrder(request);
      const { object, stdin } = attachOrder.parse(given);
      const container = namedContainer(parts, new URLSearchParams({ object }));
      const { id, config } = container.record;
      const wish = { containerId: id, stdin: stdin && config.stdin, stdout: true, stderr: true };
      const session = await openAttachSession(parts, wish, signal);
      const sitting = {
        kind: 'attach',
        begun: { id, name: config.name, tty: config.tty },
        stdin: wish.stdin,
        open: async () => session,
        end: async (served: ServedEnd) => endOfAttach(container, served, parts.lifetime),
      } as const;
      return sit(sitting, frames, signal);
    },
  };
}

/** The streams end a moment before the exit is known. */
export async function endOfAttach(container: Container, served: ServedEnd, lifetime: AbortSignal): Promise<EndFrame> {
  switch (served.how) {
    case 'detached':
      return { how: 'detached' };
    case 'exited': {
      const state = await container.until((each) => !isLive(each), withTimeout(lifetime, exitMs));
      return state.kind === 'exited'
        ? { how: 'exited', code: state.code }
        : { how: 'failed', message: `it is ${state.kind}: how it ended is not known` };
    }
    case 'client gone':
      return { how: 'failed', message: 'the client went away' };
    case 'lost':
    case 'failed':
      return { how: 'failed', message: served.reason };
  }
}
