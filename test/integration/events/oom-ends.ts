import { expect } from 'chai';
import { exited, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { childHog, hog, hogLimit } from './hogs.ts';

/** At a time: each takes 16 MiB and a processor. */
const atOnce = 10;

/** Programs that run out of memory, half of them as the init of their container, half as the child of a shell. */
export async function endAll(cricket: Cricket, containers: number): Promise<void> {
  const pod = await runPod(cricket, { name: 'ends' });
  const told: string[] = [];
  for (let begun = 0; begun < containers; begun += atOnce) {
    const turns = Array.from({ length: Math.min(atOnce, containers - begun) }, (_, i) => begun + i);
    const ids: string[] = [];
    for (const turn of turns) {
      const script = turn % 2 === 0 ? hog() : `${childHog()}; exit $?`;
      const wish = { name: `c${turn}`, command: ['sh', '-c', script], resources: hogLimit };
      ids.push((await runContainer(cricket, pod, wish)).id);
    }
    const ends = await Promise.all(ids.map(async (id) => exited(cricket, id, 120_000)));
    told.push(...ends.map(({ exitCode, reason }) => `${exitCode} ${reason}`));
  }
  const said = cricket.log().match(/^.*OOM kill.*$/gm) ?? [];
  expect(told, said.slice(-3 * atOnce).join('\n')).to.deep.equal(told.map(() => '137 OOMKilled'));
  await removePod(cricket, pod.id);
}
