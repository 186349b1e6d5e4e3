import type { SpecInput } from './input.ts';

type PathsInput = Pick<SpecInput, 'privileged' | 'maskedPaths' | 'readonlyPaths'>;

export function maskedPathsFor(input: PathsInput): readonly string[] {
  return input.privileged ? [] : input.maskedPaths;
}

export function readonlyPathsFor(input: PathsInput): readonly string[] {
  return input.privileged ? [] : input.readonlyPaths;
}

/**
 * What the kubelet sends for procMount Default, for containers that nobody described to us. An empty list
 * from the kubelet means procMount Unmasked and is not to be replaced by these.
 */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
