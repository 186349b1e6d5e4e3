import { expect } from 'chai';
import { join } from 'node:path';
import { mountDeadFuse } from '../../../hack/benchmark/dead-fuse.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, eventually, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import { fails, sh } from './lab.ts';

const crowd = 20;
/** Of each container: 400 MiB between them, none of it on the disk when the removal begins. */
const dirtyMib = 20;

describe('lists', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());

  it('answer while containers with dirty pages are removed and a host path never answers', async () => {
    const { runtime } = cricket.client;
    const pods = await Promise.all(Array.from({ length: crowd }, async (_v, i) => runPod(cricket, { name: `p${i}` })));
    const dirty = `dd if=/dev/zero of=/dirty bs=1M count=${dirtyMib} 2>/dev/null`;
    await Promise.all(pods.map(async (pod) => sh(cricket, await runContainer(cricket, pod, { name: 'c' }), dirty)));
    const dead = await runPod(cricket, { name: 'dead' });
    const point = join(cricket.dir, 'never-answers');
    {
      using _fuse = mountDeadFuse(point);
      const mounts = [{ hostPath: point, containerPath: '/data' }];
      const stuck = createContainer(cricket, dead, { name: 'stuck', mounts });
      stuck.catch(() => undefined);
      const order: string[] = [];
      const removals = Promise.all(pods.map(async ({ id }) => removePod(cricket, id))).then(() =>
        order.push('removed'),
      );
      const lists = [
        runtime.listPodSandbox(),
        runtime.listContainers(),
        runtime.listContainerStats(),
        runtime.podSandboxStatus({ podSandboxId: dead.id }),
        runtime.status({ verbose: true }),
      ];
      await Promise.all(lists).then(() => order.push('listed'));
      await removals;
      expect(order).to.deep.equal(['listed', 'removed']);
      // Beside the dead path other pods still get their containers, host paths and all.
      const other = await runPod(cricket, { name: 'other' });
      await runContainer(cricket, other, { name: 'c', mounts: [{ hostPath: '/etc', containerPath: '/host' }] });
      await removePod(cricket, other.id);
      await fails(stuck, 'UNAVAILABLE', 'does not answer');
    }
    await removePod(cricket, dead.id);
    await eventually(async () => expect(await cricket.left()).to.deep.equal([]));
  });
});
