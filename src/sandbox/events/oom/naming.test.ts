import { expect } from 'chai';
import type { OomVictim } from '../../../cgroups/events/oom-messages.ts';
import type { OomKill } from './kill.ts';
import { Naming } from './naming.ts';
import { Victims } from './victims.ts';

const killIn = (id: string) => ({ container: { record: { id } } }) as unknown as OomKill;
const victimNamed = (name: string) => ({ pid: 1, name }) as OomVictim;

/** Kills as they are told, each with its victim; `told` resolves once there are so many. */
function openNaming(readOn?: (naming: Naming, victims: Victims) => void) {
  const victims = new Victims(
    () => true,
    () => undefined,
  );
  const told: string[] = [];
  let wanted = { count: Infinity, done: () => undefined as void };
  const tell = (kill: OomKill, victim: OomVictim | undefined) => {
    told.push(`${kill.container.record.id} ${victim?.name ?? '?'}`);
    if (told.length === wanted.count) wanted.done();
  };
  const naming: Naming = new Naming(victims, tell, () => readOn?.(naming, victims));
  const toldOf = async (count: number): Promise<readonly string[]> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wanted = { count, done: resolve };
    if (told.length < count) await promise;
    return told;
  };
  return { naming, victims, told: toldOf };
}

describe('the name of an OOM kill', () => {
  it('is told as soon as it is known, whichever comes first', async () => {
    const { naming, victims, told } = openNaming();
    victims.keep(victimNamed('early'), new Set(['a']));
    naming.add(killIn('a'), true);
    naming.add(killIn('b'), true);
    naming.match();
    victims.keep(victimNamed('late'), new Set(['b']));
    naming.match();
    expect(await told(2)).to.deep.equal(['a early', 'b late']);
  });

  it('is looked for in the log once more before a kill is told without one', async () => {
    const { naming, told } = openNaming((own, victims) => {
      for (const id of ['a', 'b']) {
        victims.keep(victimNamed(`of ${id}`), new Set([id]));
        own.match();
      }
    });
    for (const id of ['a', 'b', 'c']) naming.add(killIn(id), false);
    naming.match();
    expect(await told(3)).to.deep.equal(['a of a', 'b of b', 'c ?']);
  });

  it('is missing where the log has none, and none is kept back at the end', async () => {
    const { naming, told } = openNaming();
    naming.add(killIn('a'), true);
    naming[Symbol.dispose]();
    expect(await told(1)).to.deep.equal(['a ?']);
  });
});
