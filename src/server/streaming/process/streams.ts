import type { Readable, Writable } from 'node:stream';
import type { Status } from './status.ts';

/** The client's end of a session with a process, whatever protocol it speaks. */
export interface RemoteStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Terminal sizes. */
  readonly sizes: Readable | undefined;
  /** Fires when the client is gone. */
  readonly gone: AbortSignal;
  /** Says how it ended, behind all output that was written before, and closes. */
  finish(status: Status): Promise<void>;
}
