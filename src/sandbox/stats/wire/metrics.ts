import { MessageWriter } from '../../../base/message-writer.ts';
import { rowsOf } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import { labelKeys } from '../labels.ts';
import type { SubjectLabels } from '../labels.ts';
import { criFamilies } from '../series/families.ts';
import type { ContainerFigures } from '../series/figures.ts';
import { networkFamilies } from '../series/network.ts';
import type { InterfaceCounters } from '../../../linux/interface-counters.ts';

/** What the Metric messages of one container are made of. */
export interface ContainerMetrics {
  readonly id: string;
  /** By `labelValues`. */
  readonly labels: Uint8Array;
  readonly figures: ContainerFigures;
}

export interface PodMetrics {
  readonly id: string;
  /** By `labelValues`. */
  readonly labels: Uint8Array;
  readonly interfaces: readonly InterfaceCounters[];
}

/** The label values of a subject as a Metric has them: the same from call to call. */
export function labelValues(labels: SubjectLabels): Uint8Array {
  const out = new MessageWriter();
  for (const key of labelKeys) out.element(4, labels[key]);
  return out.take();
}

/** A PodSandboxMetrics of CRI in a field. */
export function writePodMetrics(
  out: MessageWriter,
  field: number,
  { id, labels, interfaces }: PodMetrics,
  containers: readonly ContainerMetrics[],
): void {
  const begin = out.open(field);
  out.text(1, id);
  for (const family of networkFamilies) writeMetrics(out, family, labels, { interfaces });
  for (const container of containers) {
    const inner = out.open(3);
    out.text(1, container.id);
    for (const family of criFamilies) writeMetrics(out, family, container.labels, container.figures);
    out.close(inner);
  }
  out.close(begin);
}

const counterType = 0;
const gaugeType = 1;

function writeMetrics<S>(out: MessageWriter, family: Family<S>, labels: Uint8Array, subject: S): void {
  for (const row of rowsOf(family, subject)) {
    const begin = out.open(2);
    // Its timestamp is left at 0: read for this call, not taken from a cache.
    out.raw(headOf(family));
    out.raw(labels);
    for (const value of row.labels) out.element(4, value);
    // The API has whole numbers only: of seconds too.
    out.value(5, Math.floor(row.value));
    out.close(begin);
  }
}

const heads = new WeakMap<Family<never>, Uint8Array>();

/** Name and type: the same for every subject. */
function headOf<S>(family: Family<S>): Uint8Array {
  const known = heads.get(family);
  if (known !== undefined) return known;
  const out = new MessageWriter();
  out.text(1, family.name);
  out.number(3, family.type === 'counter' ? counterType : gaugeType);
  const head = out.take();
  heads.set(family, head);
  return head;
}
