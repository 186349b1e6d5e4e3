import { labelled } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import type { InterfaceCounters } from '../../../linux/interface-counters.ts';
import type { PodFigures } from './figures.ts';

type Key = Exclude<keyof InterfaceCounters, 'name'>;

const kinds: readonly (readonly [string, string, Key, Key])[] = [
  ['bytes', 'Bytes', 'rxBytes', 'txBytes'],
  ['packets', 'Packets', 'rxPackets', 'txPackets'],
  ['packets_dropped', 'Packets dropped that were to be', 'rxDropped', 'txDropped'],
  ['errors', 'Errors of packets', 'rxErrors', 'txErrors'],
];

/** Of sandboxes: their containers share an interface. None for those on the host's network. */
export const networkFamilies: readonly Family<PodFigures>[] = kinds.flatMap(([name, what, received, sent]) => [
  family(`receive_${name}`, `${what} received.`, received),
  family(`transmit_${name}`, `${what} sent.`, sent),
]);

function family(name: string, help: string, key: Key): Family<PodFigures> {
  return labelled({ name: `container_network_${name}_total`, help, type: 'counter' }, ['interface'], ({ interfaces }) =>
    interfaces.map((one) => ({ labels: [one.name], value: one[key] })),
  );
}
