import type { ContainerId } from '../../../base/ids.ts';
import type { Owner } from '../../../linux/fds.ts';
import type { Child } from '../../../linux/process.ts';
import type { OciRuntime } from '../../oci/runtime.ts';
import type { ExecGroup } from '../exec-group.ts';
import type { ProcessSession } from '../session.ts';

export interface ExecStart {
  readonly runtime: OciRuntime;
  readonly id: ContainerId;
  readonly group: ExecGroup;
  /** Whose its streams are, where the container is in a user namespace. */
  readonly owner: Owner | undefined;
  readonly wanted: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
}

/** A program in a container with its streams; what differs with and without a terminal. */
export interface StartedExec {
  readonly child: Child;
  readonly session: Pick<ProcessSession, 'stdin' | 'stdout' | 'stderr' | 'resize'>;
  /** The client is gone. */
  hangUp(): void;
  /** Resolves when the client lets itself go; the program lives on. */
  readonly detached: Promise<void>;
  /** Ends the streams of a program that has ended. Resolves when all it printed was taken, with the beginnings. */
  finish(): Promise<{ readonly stdout: Buffer; readonly stderr: Buffer }>;
}
