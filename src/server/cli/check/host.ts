import { access, constants, readdir, readFile, statfs } from 'node:fs/promises';
import { SystemdBus } from '../../../cgroups/systemd/bus.ts';
import { unitManager } from '../../../cgroups/systemd/manager.ts';
import { runCommand } from '../../../linux/run.ts';
import type { Ran } from '../../../linux/run.ts';

/** What the checks may ask of the machine; absent things are undefined, never errors. */
export interface Host {
  readonly uid: number;
  read(path: string): Promise<string | undefined>;
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  executable(path: string): Promise<boolean>;
  /** Errors: `unavailable` when it cannot be reached over D-Bus. */
  systemdVersion(): Promise<string>;
  /** undefined: it is not there, or did not end in time. */
  run(path: string, ...args: readonly string[]): Promise<Ran | undefined>;
  disk(path: string): Promise<Disk | undefined>;
}

export interface Disk {
  /** f_type of statfs(2). */
  readonly type: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
}

/** Milliseconds that one program may take to tell its version. */
const runTimeoutMs = 5000;

export function thisHost(signal: AbortSignal): Host {
  return {
    uid: process.getuid?.() ?? 0,
    read: (path) => readFile(path, 'utf8').catch(() => undefined),
    list: (path) => readdir(path).catch(() => []),
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    systemdVersion: async () => {
      using bus = new SystemdBus();
      return await unitManager(bus).version(AbortSignal.any([signal, AbortSignal.timeout(runTimeoutMs)]));
    },
    executable: (path) =>
      access(path, constants.X_OK).then(
        () => true,
        () => false,
      ),
    run: (path, ...args) =>
      runCommand(path, args, { signal: AbortSignal.any([signal, AbortSignal.timeout(runTimeoutMs)]) }).catch(
        () => undefined,
      ),
    disk: (path) =>
      statfs(path).then(
        ({ type, bavail, bsize, blocks, ffree }) => ({
          type,
          freeBytes: bavail * bsize,
          totalBytes: blocks * bsize,
          freeInodes: ffree,
        }),
        () => undefined,
      ),
  };
}
