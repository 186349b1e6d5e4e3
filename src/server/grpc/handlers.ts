import type { Logger } from '../../base/log.ts';
import type { ImageServiceService, RuntimeServiceService } from '../../../api/cri/v1/api.ts';

/** What a handler gets beside its request. */
export interface CallContext {
  /** Fires when the caller went away, its deadline passed or the daemon ends: it ends the wait, never the work. */
  readonly signal: AbortSignal;
  /** Carries the RPC's name. */
  readonly log: Logger;
}

/** A response that is a message on the wire already: of what a Worker writes the main thread makes no objects. */
export class Encoded<Response> {
  readonly bytes: Uint8Array;
  /** Which response it is; there is no such field. */
  declare readonly response: Response;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A handler that answers once. */
export type Unary<Request, Response> = (request: Request, call: CallContext) => Promise<Response | Encoded<Response>>;

/** A handler that answers with a stream; the next message is asked for when the caller has taken the last. */
export type ServerStream<Request, Response> = (
  request: Request,
  call: CallContext,
) => AsyncIterable<Response | Encoded<Response>>;

/** One RPC of a generated service definition. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly requestDeserialize: (value: Buffer) => Request;
  readonly responseSerialize: (value: Response) => Buffer;
  readonly responseDeserialize: (value: Buffer) => Response;
}

/** A handler for every RPC of a service: one that is left out does not compile. */
export type Handlers<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends Method<infer Request, infer Response>
    ? Service[Name] extends { readonly responseStream: true }
      ? ServerStream<Request, Response>
      : Unary<Request, Response>
    : never;
};

export type RuntimeHandlers = Handlers<RuntimeServiceService>;
export type ImageHandlers = Handlers<ImageServiceService>;

/** `RunPodSandbox` of `/runtime.v1.RuntimeService/RunPodSandbox`. */
export const rpcName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
