import type { CricketError } from '../../../base/errors.ts';
import type { SessionEnd } from '../../../sandbox/container/session.ts';

/** How a session ended, for the client: metav1.Status, as far as clients look at it. */
export interface Status {
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: 'NonZeroExitCode' | 'InternalError';
  readonly details?: { readonly causes: readonly { readonly reason: 'ExitCode'; readonly message: string }[] };
  readonly code?: number;
}

const success: Status = { status: 'Success' };

/** `attach` ends well whatever the container's exit code: it belongs to the container's status. */
export function statusOf(end: SessionEnd, kind: 'exec' | 'attach'): Status {
  if (end.how === 'lost') return failed(`the process was lost: ${end.reason}`);
  if (end.how === 'detached' || kind === 'attach' || end.code === 0) return success;
  return {
    status: 'Failure',
    message: `command terminated with non-zero exit code: ${end.code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(end.code) }] },
  };
}

/** The session could not begin, or was ended by us. */
export const failure = (error: CricketError): Status => failed(error.message);

const failed = (text: string): Status => ({
  status: 'Failure',
  message: `Internal error occurred: ${text}`,
  reason: 'InternalError',
  code: 500,
});

/** From v4 on the error channel carries JSON; before it, only what went wrong, as text. */
export function encodeStatus(status: Status, json: boolean): Buffer | undefined {
  if (json) return Buffer.from(JSON.stringify({ metadata: {}, ...status }));
  return status.message === undefined ? undefined : Buffer.from(status.message);
}
