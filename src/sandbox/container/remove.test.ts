import { expect } from 'chai';
import { Flights } from '../../base/flights.ts';
import { newContainerId, newInstanceId } from '../../base/ids.ts';
import { KeyedLocks } from '../../base/locks.ts';
import { silentLogger } from '../../base/log.ts';
import { createPaths } from '../store/paths.ts';
import { removeContainer } from './remove.ts';
import type { RemoveParts } from './remove.ts';

/** The names of what is done for a removal, in order; on nothing. */
async function stepsOfRemoving(kind: 'creating' | 'broken'): Promise<readonly string[]> {
  const id = newContainerId();
  const record = { id, cgroup: '/none', handler: '', volumeImages: [] };
  const container = { record, state: { kind }, note: async () => undefined };
  const steps: string[] = [];
  const told = async (name: string) => void steps.push(name);
  const parts = {
    ...{ locks: new KeyedLocks(), flights: new Flights(), log: silentLogger(), reach: () => undefined },
    lifetime: new AbortController().signal,
    paths: createPaths('/nowhere', '/nowhere', newInstanceId()),
    disk: { call: async (task: string) => told(task).then(() => (task === 'processesNaming' ? [] : undefined)) },
    cgroups: { kill: async () => told('kill'), remove: async () => told('remove cgroup') },
    runtimes: new Map([['crun', { name: 'crun', path: '/usr/bin/crun', root: '/nowhere' }]]),
    settings: { defaultRuntime: 'crun' },
    exits: { drop: () => undefined },
    images: { release: () => undefined },
    store: { containers: new Map([[id, container]]), dropContainer: async () => told('drop') },
  } as unknown as RemoveParts;
  await removeContainer(parts, container as never, parts.lifetime);
  return steps;
}

describe('the removal of a container', () => {
  it('that a killed daemon was making ends its conmon first, which would write an exit file afterwards', async () => {
    const steps = await stepsOfRemoving('creating');
    expect(steps[0]).to.equal('processesNaming');
    expect(steps).to.include('kill').and.include('drop');
  });

  it('looks for nobody for one that this daemon made', async () => {
    const steps = await stepsOfRemoving('broken');
    expect(steps).not.to.include('processesNaming');
    expect(steps.at(-1)).to.equal('drop');
  });
});
