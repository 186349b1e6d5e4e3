import { plain } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import type { ContainerFigures } from './figures.ts';

const kinds = ['cpu', 'memory', 'io'] as const;

/** accounting/psi.rst; the kernel counts it in cgroup v2 alone. */
export const pressureFamilies: readonly Family<ContainerFigures>[] = kinds.flatMap((kind) => [
  family(kind, 'waiting', 'some'),
  family(kind, 'stalled', 'full'),
]);

function family(kind: (typeof kinds)[number], name: string, share: 'some' | 'full'): Family<ContainerFigures> {
  const who = share === 'some' ? 'some task' : 'all tasks';
  const what = { cpu: 'the CPU', memory: 'memory', io: 'I/O' }[kind];
  const naming = {
    name: `container_pressure_${kind}_${name}_seconds_total`,
    help: `Time in which ${who} waited for ${what} (cgroup v2).`,
    type: 'counter',
  } as const;
  return plain(naming, ({ look }) => {
    const pressure = look.stats.pressure?.[kind];
    return pressure === undefined ? undefined : pressure[share].totalUs / 1e6;
  });
}
