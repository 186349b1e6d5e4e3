import { existsSync } from 'node:fs';
import { release } from 'node:os';

export interface SeccompFacts {
  /** The kernel has seccomp filters (CONFIG_SECCOMP_FILTER). */
  readonly available: boolean;
  /** As process.arch names it. */
  readonly arch: string;
  readonly kernel: readonly [major: number, minor: number];
}

/** What a seccomp profile may depend on. Never fails: an unreadable release counts as 0.0. */
export function readSeccompFacts(): SeccompFacts {
  const available = existsSync('/proc/sys/kernel/seccomp/actions_avail');
  return { available, arch: process.arch, kernel: kernelVersionOf(release()) };
}

/** `6.1.0-18-amd64` is [6, 1]. */
export function kernelVersionOf(text: string): readonly [major: number, minor: number] {
  const found = /^(\d+)\.(\d+)/.exec(text);
  return found === null ? [0, 0] : [Number(found[1]), Number(found[2])];
}
