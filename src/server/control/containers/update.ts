import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { checkResources } from '../../../cgroups/resources.ts';
import { noResources } from '../../../sandbox/container/resources.ts';
import type { ContainerResources } from '../../../sandbox/container/resources.ts';
import { cgroupResources } from '../../../sandbox/container/spec-resources.ts';
import { updateContainer } from '../../../sandbox/container/update.ts';
import type { UpdateParts } from '../../../sandbox/container/update.ts';
import type { HandlerParts } from '../../handlers.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const updatePath = '/v1/containers/update';
export const updateAnswer = z.object({ id: z.string() });

/** What can be changed: bytes, microseconds, shares, tasks; 0 and '' leave it as it is, -1 lifts it. */
const numbers = [
  'cpuShares',
  'cpuQuota',
  'cpuPeriod',
  'memoryLimitBytes',
  'memorySwapLimitBytes',
  'pidsLimit',
] as const;
const texts = ['cpusetCpus', 'cpusetMems'] as const;
export type UpdateQuery = Partial<Record<(typeof numbers)[number] | (typeof texts)[number], string>>;

type UpdateVerbParts = UpdateParts & Pick<HandlerParts, 'images' | 'store'>;

/** POST /v1/containers/update?object=NAME&memoryLimitBytes=N… : changes limits, all that are given or none. */
export function updateVerb(parts: UpdateVerbParts): Verb {
  return {
    method: 'POST',
    path: updatePath,
    async run({ query }, signal): Promise<z.output<typeof updateAnswer>> {
      const container = namedContainer(parts, query);
      const wanted = parseWanted(query);
      await updateContainer(parts, container, wanted, signal);
      return { id: container.record.id };
    },
  };
}

function parseWanted(query: URLSearchParams): ContainerResources {
  const given = [
    ...numbers.map((name) => [name, numberOf(name, query.get(name) ?? '0')] as const),
    ...texts.map((name) => [name, query.get(name) ?? ''] as const),
  ];
  if (given.every(([, value]) => value === 0 || value === ''))
    throw fail('invalid_argument', 'nothing to update; give a limit, such as --memory 256m or --cpus 1.5');
  const wanted: ContainerResources = { ...noResources, ...(Object.fromEntries(given) as Partial<ContainerResources>) };
  checkResources(cgroupResources(wanted));
  return wanted;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < -1)
    throw fail(
      'invalid_argument',
      `${name} is ${JSON.stringify(text.slice(0, 40))}, give a whole number, or -1 for none`,
    );
  return value;
}
