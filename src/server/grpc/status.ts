import { status } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';
import { fail } from '../../base/errors.ts';
import type { CricketError, ErrorCode } from '../../base/errors.ts';

/** The one place where a code by name becomes the number on the wire. */
const statusOf: Readonly<Record<ErrorCode, status>> = {
  cancelled: status.CANCELLED,
  unknown: status.UNKNOWN,
  invalid_argument: status.INVALID_ARGUMENT,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  permission_denied: status.PERMISSION_DENIED,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  failed_precondition: status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  out_of_range: status.OUT_OF_RANGE,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
};

/**
 * Characters of a message that are sent. It travels percent-encoded in an HTTP/2 trailer, where one character
 * can take nine bytes, and Node ends the stream at 64 KiB of headers.
 */
const maxDetails = 4096;

/** An error as gRPC sends it. Its message is kept, cut where a trailer could not carry it. */
export function statusFor(error: CricketError): Pick<StatusObject, 'code' | 'details'> {
  const { message } = error;
  const details = message.length > maxDetails ? `${message.slice(0, maxDetails)}… (cut)` : message;
  // A lone surrogate would throw in grpc-js's own encoding and take the daemon with it.
  return { code: statusOf[error.code], details: details.toWellFormed() };
}

/** What a client was told, as an error of ours. */
export function errorFromStatus(told: Pick<StatusObject, 'code' | 'details'>): CricketError {
  const code = (Object.keys(statusOf) as ErrorCode[]).find((name) => statusOf[name] === told.code) ?? 'unknown';
  return fail(code, told.details);
}
