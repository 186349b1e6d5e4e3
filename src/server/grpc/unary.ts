import type { handleUnaryCall } from '@grpc/grpc-js';
import { errorFrom } from '../../base/errors.ts';
import type { Calls } from './calls.ts';
import type { Method, Unary } from './handlers.ts';
import { encode } from './limits.ts';

/**
 * A handler as grpc-js wants it. The answer is encoded here, not by grpc-js: only so can one that is too
 * large, or cannot be encoded, still become a status.
 */
export function adaptUnary<Request, Response>(
  method: Method<Request, Response>,
  handler: Unary<Request, Response>,
  calls: Calls,
): handleUnaryCall<Request, Buffer> {
  return (wire, callback) => {
    const call = calls.open(method.path, wire, wire.request, 'unary');
    const answer = async () => encode(method, await handler(wire.request, call.context));
    call.inside(answer).then(
      (bytes) => {
        call.finish();
        callback(null, bytes);
      },
      (thrown: unknown) => {
        callback(call.finish(errorFrom(thrown)));
      },
    );
  };
}
