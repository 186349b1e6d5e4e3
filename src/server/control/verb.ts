import type { Readable } from 'node:stream';
import type { ErrorCode } from '../../base/errors.ts';

/** One thing that CRI has no RPC for, over HTTP + JSON. */
export interface Verb {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /**
   * The answer must be plain JSON; that of an iterable is sent as it comes, one a line, as fast as the caller takes it;
   * a promised stream of bytes goes out as it is.
   * The signal fires when the caller went away or the daemon ends.
   */
  readonly run: (request: ControlRequest, signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>;
}

export interface ControlRequest {
  readonly query: URLSearchParams;
  /** The body as it arrives: an archive can be larger than memory. */
  readonly body: Readable;
}

/** What is sent in place of an answer when a verb fails. */
export interface ControlFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The last line of a stream that failed after it had begun. */
export interface StreamFailure {
  readonly failed: ControlFailure;
}

/** HTTP status of an error. The code in the body says it exactly; this is for people with curl. */
export const httpStatusOf: Readonly<Record<ErrorCode, number>> = {
  cancelled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 507,
  failed_precondition: 412,
  aborted: 409,
  out_of_range: 416,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  unauthenticated: 401,
};
