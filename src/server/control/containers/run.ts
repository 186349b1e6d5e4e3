import { z } from 'zod';
import { sleep } from '../../../base/abort.ts';
import { fail } from '../../../base/errors.ts';
import { openAttachSession } from '../../../sandbox/container/attach.ts';
import type { AttachParts } from '../../../sandbox/container/attach.ts';
import type { ProcessSession } from '../../../sandbox/container/session.ts';
import { startContainer } from '../../../sandbox/container/start.ts';
import { isLive } from '../../../sandbox/container/state.ts';
import { stopContainer } from '../../../sandbox/container/stop.ts';
import { removePod } from '../../../sandbox/pod/remove.ts';
import { makeStandalone } from '../../../sandbox/standalone/make.ts';
import type { MakeParts } from '../../../sandbox/standalone/make.ts';
import { inventName } from '../../../sandbox/standalone/names.ts';
import { madeAlone } from '../../../sandbox/standalone/standalone.ts';
import type { Container } from '../../../sandbox/store/store.ts';
import type { ServedEnd } from '../../streaming/process/serve.ts';
import type { EndFrame } from '../session/answers.ts';
import { readOrder, sit } from '../session/serve.ts';
import type { Verb } from '../verb.ts';
import { endOfAttach } from './attach.ts';
import { runOrder, standaloneOf } from './run-order.ts';
import type { RunOrder } from './run-order.ts';

export const runPath = '/v1/containers/run';
/** The answer to one that is detached. */
export const runAnswer = z.object({ id: z.string(), name: z.string() });

export type RunParts = MakeParts & AttachParts;

/** Seconds that a container has between its stop signal and its end when its client was killed. */
const graceSeconds = 10;
/** Milliseconds after which a client that is gone counts as killed, and not as cut off by our own end. */
const goneMs = 1_000;

/** POST /v1/containers/run, an order as the first frame: one container in a pod of its own, and its streams. */
export function runVerb(parts: RunParts): Verb {
  return {
    method: 'POST',
    path: runPath,
    async run(request, signal) {
      const { order: given, frames } = await readOrder(request);
      const order = parseOrder(given);
      if (parts.images.find(order.image) === undefined)
        throw fail('not_found', `image ${JSON.stringify(order.image)} is not here; pull it first`);
      const taken = (name: string) =>
        [...parts.store.pods.values()].some((pod) => madeAlone(pod) && pod.record.config.name === name);
      const name = order.name === '' ? inventName(taken) : order.name;
      const container = await makeStandalone(parts, standaloneOf(order, name, parts.paths), signal);
      const begun = { id: container.record.id, name };
      if (order.detach) {
        await startOrRemove(parts, container, signal);
        return begun;
      }
      const sitting = {
        kind: 'attach',
        begun: { ...begun, tty: order.tty },
        stdin: order.stdin,
        open: async (gone: AbortSignal) => openStarted(parts, container, order, gone),
        end: async (served: ServedEnd) => endOfRun(parts, container, served),
      } as const;
      return sit(sitting, frames, signal);
    },
  };
}

function parseOrder(given: unknown): RunOrder {
  const parsed = runOrder.safeParse(given);
  if (parsed.success) return parsed.data;
  throw fail('invalid_argument', `run: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
}

/** The client is there before the program is: it misses nothing. */
async function openStarted(
  parts: RunParts,
  container: Container,
  { stdin, size }: RunOrder,
  gone: AbortSignal,
): Promise<ProcessSession> {
  const wish = { containerId: container.record.id, stdin, stdout: true, stderr: true };
  const session = await openAttachSession(parts, wish, gone);
  try {
    if (size !== null) session.resize(size.columns, size.rows);
    await startOrRemove(parts, container, gone);
    return session;
  } catch (error) {
    session.hangUp();
    throw error;
  }
}

/** One that cannot be started is of no use: nothing of it stays. */
async function startOrRemove(parts: RunParts, container: Container, signal: AbortSignal): Promise<void> {
  try {
    await startContainer(parts, container, signal);
  } catch (error) {
    if (!signal.aborted) await removeWithPod(parts, container);
    throw error;
  }
}

async function removeWithPod(parts: RunParts, { record }: Container): Promise<void> {
  const pod = parts.store.pods.get(record.podId);
  if (pod !== undefined) await removePod(parts, pod, parts.lifetime);
}

/** With --rm a container in the foreground belongs to its client: it ends with one that did not let itself go. */
async function endOfRun(parts: RunParts, container: Container, served: ServedEnd): Promise<EndFrame> {
  const pod = parts.store.pods.get(container.record.podId);
  if (served.how === 'client gone') {
    await sleep(goneMs, parts.lifetime);
    if (container.state.kind === 'created') await removeWithPod(parts, container);
    else if (pod?.record.config.standalone?.removeAtEnd === true && isLive(container.state))
      await stopContainer(parts, container, graceSeconds, parts.lifetime);
  }
  const end = await endOfAttach(container, served, parts.lifetime);
  // Who is told of the end finds it gone.
  if (end.how === 'exited' && pod?.record.config.standalone?.removeAtEnd === true)
    await removeWithPod(parts, container);
  return end;
}
