import { fail } from '../../base/errors.ts';
import type { ServerStream, Unary } from './handlers.ts';

/** Answers UNIMPLEMENTED, naming the RPC: what is missing is told, never answered with an empty success. */
export function unimplemented(rpc: string): Unary<unknown, never> {
  return () => Promise.reject(refusal(rpc));
}

/** The same for an RPC that answers with a stream. */
export function unimplementedStream(rpc: string): ServerStream<unknown, never> {
  return async function* () {
    throw refusal(rpc);
  };
}

const refusal = (rpc: string) => fail('unimplemented', `${rpc}: this version of cricket does not implement it`);
