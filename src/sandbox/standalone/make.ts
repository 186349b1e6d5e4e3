import { throwIfAborted } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import { Rollback, describeFailures } from '../../base/rollback.ts';
import { createContainer } from '../container/create.ts';
import type { CreateParts } from '../container/create.ts';
import { containerTitle } from '../container/record.ts';
import type { ContainerConfig } from '../container/record.ts';
import type { PodConfig } from '../pod/record.ts';
import { removePod } from '../pod/remove.ts';
import type { RemovePodParts } from '../pod/remove.ts';
import { runPod } from '../pod/run.ts';
import type { RunPodParts } from '../pod/run.ts';
import { requireContainer, requirePod } from '../store/resolve.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { madeAlone } from './standalone.ts';

export type MakeParts = CreateParts & RemovePodParts & RunPodParts & Pick<Parts, 'locks' | 'log' | 'store'>;

export interface StandaloneOrder {
  readonly pod: PodConfig;
  readonly container: ContainerConfig;
}

/**
 * Makes one container in a pod of its own, for a person: created, not started. A caller that goes away meanwhile leaves
 * nothing. Errors: `already_exists` for a name that another one has, those of `runPod` and `createContainer`.
 */
export async function makeStandalone(
  parts: MakeParts,
  order: StandaloneOrder,
  signal: AbortSignal,
): Promise<Container> {
  const { name } = order.pod;
  using _name = await parts.locks.acquire(`standalone ${name}`, signal);
  refuseTaken(parts, name);
  const pod = requirePod(parts.store, await runPod(parts, { config: order.pod, handler: '' }, parts.lifetime));
  await using undo = new Rollback({
    clean: () => undefined,
    stuck: (failures) =>
      parts.log.error({ pod: pod.record.id, failures: describeFailures(failures) }, 'sandbox of a run left'),
  });
  undo.defer('its pod', (s) => removePod(parts, pod, s));
  const id = await createContainer(parts, pod, order.container, parts.lifetime);
  throwIfAborted(signal);
  undo.commit();
  return requireContainer(parts.store, id);
}

function refuseTaken({ store }: MakeParts, name: string): void {
  const pod = [...store.pods.values()].find((one) => madeAlone(one) && one.record.config.name === name);
  if (pod === undefined) return;
  const [holder] = store.containersOf(pod.record.id);
  const title = holder === undefined ? `pod ${pod.record.id.slice(0, 13)}` : containerTitle(holder.record);
  throw fail(
    'already_exists',
    `${title} has the name ${JSON.stringify(name)}; remove it (cricket rm ${name}) or choose another --name`,
  );
}
