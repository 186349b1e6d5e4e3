import { z } from 'zod';
import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { ProcessFacts } from '../../linux/process-facts.ts';
import { containerTitle } from '../../sandbox/container/record.ts';
import { isLive } from '../../sandbox/container/state.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { podTitle } from '../../sandbox/pod/record.ts';
import { isReady } from '../../sandbox/pod/state.ts';
import type { Container, Pod } from '../../sandbox/store/store.ts';
import { findNamed } from './named-object.ts';
import type { Verb } from './verb.ts';

export const processesPath = '/v1/processes';

export const processesAnswer = z.object({
  processes: z.array(
    z.object({
      /** Empty: the pod's own, which holds its PID namespace. */
      container: z.string(),
      ...{ pid: z.number(), ppid: z.number(), innerPid: z.number(), uid: z.number(), state: z.string() },
      ...{ threads: z.number(), residentBytes: z.number(), cpuMs: z.number(), startedAt: z.number() },
      command: z.array(z.string()),
    }),
  ),
});
export type ProcessesAnswer = z.output<typeof processesAnswer>;

type ProcessParts = Pick<Parts, 'cgroups' | 'hostPaths' | 'images' | 'store'>;

/** GET /v1/processes?object=NAME : the processes of a container, or of all containers of a pod. */
export function processesVerb(parts: ProcessParts): Verb {
  return {
    method: 'GET',
    path: processesPath,
    async run({ query }, signal): Promise<ProcessesAnswer> {
      const found = findNamed(parts, query.get('object') ?? '', ['pod', 'container']);
      switch (found.kind) {
        case 'pod':
          return { processes: await ofPod(parts, found.pod, signal) };
        case 'container':
          return { processes: await ofContainer(parts, found.container, signal) };
        default:
          throw fail('failed_precondition', 'its record cannot be read, and so its cgroup is not known');
      }
    },
  };
}

type Processes = ProcessesAnswer['processes'];

async function ofPod(parts: ProcessParts, { record, state }: Pod, signal: AbortSignal): Promise<Processes> {
  if (!isReady(state)) throw fail('failed_precondition', `${podTitle(record)} is ${state.kind}: it has no processes`);
  const containers = [...parts.store.containers.values()].filter((container) => container.record.podId === record.id);
  const live = containers.filter((container) => isLive(container.state));
  const lists = await Promise.all(live.map((container) => read(parts, container, signal)));
  const init = state.initPid === 0 ? [] : await parts.hostPaths.call('processFacts', [state.initPid], signal);
  return [...init.map((facts) => toWire('', facts)), ...lists.flat()];
}

async function ofContainer(parts: ProcessParts, container: Container, signal: AbortSignal): Promise<Processes> {
  const { record, state } = container;
  if (isLive(state)) return read(parts, container, signal);
  throw fail('failed_precondition', `${containerTitle(record)} is ${state.kind}: it has no processes`);
}

async function read(parts: ProcessParts, { record }: Container, signal: AbortSignal): Promise<Processes> {
  const pids = parts.cgroups.processes(record.cgroup as CgroupPath);
  const facts = await parts.hostPaths.call('processFacts', pids, signal);
  return facts.map((each) => toWire(record.config.name, each));
}

const toWire = (container: string, { command, ...facts }: ProcessFacts): Processes[number] => ({
  ...{ container, ...facts, command: [...command] },
});
