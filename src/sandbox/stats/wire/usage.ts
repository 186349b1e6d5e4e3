import type { MessageWriter } from '../../../base/message-writer.ts';
import type { Pressure, PressureShare } from '../../../cgroups/pressure.ts';
import type { InterfaceCounters } from '../../../linux/interface-counters.ts';
import type { LayerSize } from '../layer-sizes.ts';
import type { Look, PodLook } from '../look.ts';

/** What a ContainerStats of CRI is made of. */
export interface ContainerUsage {
  readonly attributes: Uint8Array;
  readonly look: Look;
  readonly layer: LayerSize | undefined;
  /** The mount point that writable layers are said to be on. */
  readonly root: string;
}

/** A ContainerStats of CRI in a field. */
export function writeContainerStats(out: MessageWriter, field: number, usage: ContainerUsage): void {
  const { look, layer } = usage;
  const begin = out.open(field);
  writeAttributes(out, usage.attributes);
  writeCpu(out, 2, look);
  writeMemory(out, 3, look);
  if (layer !== undefined) writeLayer(out, layer, usage.root);
  writeSwap(out, look);
  writeIo(out, look);
  out.close(begin);
}

/** A PodSandboxStats of CRI in a field. */
export function writePodStats(
  out: MessageWriter,
  field: number,
  { attributes, look }: { readonly attributes: Uint8Array; readonly look: PodLook },
  containers: readonly ContainerUsage[],
): void {
  const begin = out.open(field);
  writeAttributes(out, attributes);
  const linux = out.open(2);
  writeCpu(out, 1, look);
  writeMemory(out, 2, look);
  writeNetwork(out, look);
  const processes = out.open(4);
  out.nanoseconds(1, look.stats.at);
  out.value(2, look.processes);
  out.close(processes);
  for (const container of containers) writeContainerStats(out, 5, container);
  writeIo(out, look);
  out.close(linux);
  out.close(begin);
}

function writeAttributes(out: MessageWriter, attributes: Uint8Array): void {
  const begin = out.open(1);
  out.raw(attributes);
  out.close(begin);
}

function writeCpu(out: MessageWriter, field: number, { stats: { at, cpu, pressure }, nanoCores }: Look): void {
  const begin = out.open(field);
  out.nanoseconds(1, at);
  out.value(2, cpu?.usageNs);
  out.value(3, nanoCores);
  writePressure(out, 4, pressure?.cpu);
  out.close(begin);
}

function writeMemory(out: MessageWriter, field: number, { stats: { at, memory, pressure }, bounds }: Look): void {
  const begin = out.open(field);
  out.nanoseconds(1, at);
  if (memory !== undefined) {
    const { workingSet } = memory;
    out.value(2, workingSet);
    // To the limit; without one nobody can say.
    if (bounds.limit !== undefined) out.value(3, Math.max(0, bounds.limit - workingSet));
    out.value(4, memory.usage);
    out.value(5, memory.rss);
    out.value(6, memory.pageFaults);
    out.value(7, memory.majorPageFaults);
  }
  writePressure(out, 8, pressure?.memory);
  out.close(begin);
}

function writeLayer(out: MessageWriter, { timestamp, bytes, inodes }: LayerSize, root: string): void {
  const begin = out.open(4);
  out.nanoseconds(1, timestamp);
  const place = out.open(2);
  out.text(1, root);
  out.close(place);
  out.value(3, bytes);
  out.value(4, inodes);
  out.close(begin);
}

function writeSwap(out: MessageWriter, { stats: { at, memory }, bounds }: Look): void {
  if (memory === undefined) return;
  const begin = out.open(5);
  out.nanoseconds(1, at);
  if (bounds.swapLimit !== undefined) out.value(2, Math.max(0, bounds.swapLimit - memory.swap));
  out.value(3, memory.swap);
  out.close(begin);
}

/** Left out where nobody counts pressure. */
function writeIo(out: MessageWriter, { stats: { at, pressure } }: Look): void {
  if (pressure?.io === undefined) return;
  const begin = out.open(6);
  out.nanoseconds(1, at);
  writePressure(out, 2, pressure.io);
  out.close(begin);
}

function writePressure(out: MessageWriter, field: number, pressure: Pressure | undefined): void {
  if (pressure === undefined) return;
  const begin = out.open(field);
  writeShare(out, 1, pressure.full);
  writeShare(out, 2, pressure.some);
  out.close(begin);
}

/** CRI counts in nanoseconds, the kernel in microseconds. */
function writeShare(out: MessageWriter, field: number, { totalUs, avg10, avg60, avg300 }: PressureShare): void {
  const begin = out.open(field);
  out.number(1, totalUs * 1000);
  out.double(2, avg10);
  out.double(3, avg60);
  out.double(4, avg300);
  out.close(begin);
}

/** eth0 by the custom of every network, else the first one. Left out on the host's network. */
function writeNetwork(out: MessageWriter, { interfaces, stats: { at } }: PodLook): void {
  if (interfaces === undefined) return;
  const main = interfaces.find(({ name }) => name === 'eth0') ?? interfaces[0];
  const begin = out.open(3);
  out.nanoseconds(1, at);
  if (main !== undefined) writeInterface(out, 2, main);
  for (const other of interfaces) if (other !== main) writeInterface(out, 3, other);
  out.close(begin);
}

function writeInterface(out: MessageWriter, field: number, counters: InterfaceCounters): void {
  const begin = out.open(field);
  out.text(1, counters.name);
  out.value(2, counters.rxBytes);
  out.value(3, counters.rxErrors);
  out.value(4, counters.txBytes);
  out.value(5, counters.txErrors);
  out.close(begin);
}
