/** The gRPC status names, lower case; src/server/grpc maps them to numbers in one exhaustive table. */
export type ErrorCode =
  | 'cancelled'
  | 'unknown'
  | 'invalid_argument'
  | 'deadline_exceeded'
  | 'not_found'
  | 'already_exists'
  | 'permission_denied'
  | 'resource_exhausted'
  | 'failed_precondition'
  | 'aborted'
  | 'out_of_range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'unauthenticated';

/** The only error class: a code by name, a message that names operation and subject, the cause kept. */
export class CricketError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CricketError';
    this.code = code;
  }
}

/** Makes (does not throw) an error: `throw fail('not_found', 'container abc: no such container')`. */
export function fail(code: ErrorCode, message: string, cause?: unknown): CricketError {
  return new CricketError(code, message, cause);
}

/** The funnel for everything caught: keeps a CricketError, gives anything else a code. */
export function errorFrom(thrown: unknown, doing?: string): CricketError {
  if (thrown instanceof CricketError) return thrown;
  const text = messageOf(thrown);
  const message = doing === undefined ? text : `${doing}: ${text}`;
  if (thrown instanceof Error && thrown.name === 'AbortError') return fail('cancelled', message, thrown);
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return fail('deadline_exceeded', message, thrown);
  if (errnoOf(thrown) === 'ENOSPC') return fail('resource_exhausted', `${message}; free space on that disk`, thrown);
  return fail('internal', message, thrown);
}

/** The same error with what was being done put in front of its message. */
export function during(doing: string, thrown: unknown): CricketError {
  const error = errorFrom(thrown);
  return fail(error.code, `${doing}: ${error.message}`, thrown);
}

/** The text of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The errno name (`ENOENT`) of a Node or libc error, if it has one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (thrown instanceof CricketError) return errnoOf(thrown.cause);
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Ends every switch over a union; a new member then fails to compile. */
export function assertNever(value: never): never {
  throw fail('internal', `unexpected value ${JSON.stringify(value)}`);
}
