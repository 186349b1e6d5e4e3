import type { Readable, Writable } from 'node:stream';

/** How a session with a process came to its end. */
export type SessionEnd =
  /** The process ended; 128 + number for one that a signal ended. */
  | { readonly how: 'exited'; readonly code: number }
  /** The client asked to be let go, with the detach keys or by the end of what it types; the process lives on. */
  | { readonly how: 'detached' }
  /** Nothing can be said of the process any more. */
  | { readonly how: 'lost'; readonly reason: string };

/**
 * The standard streams of a process in a container, whoever speaks for the client. A stream that was not asked
 * for is missing; with a TTY there is no stderr. Who does not read makes the process wait, never our memory grow.
 */
export interface ProcessSession {
  /** Its end is the end of the file for the process. A terminal has none: there the client lets itself go by it. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Columns and rows of the terminal; nothing happens without one. */
  resize(width: number, height: number): void;
  /** The client is gone: a TTY hangs up, without one stdin ends. Twice is as good as once. */
  hangUp(): void;
  /** Resolves, and never rejects, when no more output will come. */
  readonly ended: Promise<SessionEnd>;
}
