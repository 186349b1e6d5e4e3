import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { fail } from '../../base/errors.ts';
import { maxMessageSize } from '../grpc/limits.ts';
import type { Method } from '../grpc/handlers.ts';
import { errorFromStatus } from '../grpc/status.ts';

export interface CriCall {
  readonly socket: string;
  /** Milliseconds until the call is given up. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** One CRI call to the running daemon. Errors: the daemon's own, or `unavailable` when none answers. */
export async function callCri<Request, Response>(
  method: Method<Request, Response>,
  request: Request,
  call: CriCall,
): Promise<Response> {
  const client = new Client(`unix://${call.socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': maxMessageSize,
    'grpc.enable_http_proxy': 0,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const { path, requestSerialize, responseDeserialize } = method;
  const options = { deadline: Date.now() + call.timeoutMs };
  const sent = client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    new Metadata(),
    options,
    (error, response) => {
      if (error !== null) reject(told(error, call.socket));
      else if (response === undefined) reject(fail('internal', `socket ${call.socket}: an answer without a message`));
      else resolve(response);
    },
  );
  const onAbort = () => sent.cancel();
  call.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    call.signal.removeEventListener('abort', onAbort);
    client.close();
  }
}

function told(error: ServiceError, socket: string): Error {
  if (error.code === status.UNAVAILABLE && /connection|ENOENT|ECONNREFUSED/i.test(error.details))
    return fail('unavailable', `socket ${socket}: no daemon answers; start it: systemctl start cricket`, error);
  return errorFromStatus(error);
}
