import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { ImageServiceService, RuntimeServiceService } from '../../api/cri/v1/api.ts';

/** What the kubelet accepts as one answer. */
const maxMessageBytes = 16 * 1024 * 1024;

/** What the generated services have in common. */
interface Method {
  readonly path: string;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: never) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => object;
  readonly responseDeserialize: (bytes: Buffer) => object;
}
type Request<M extends Method> = Parameters<M['requestSerialize']>[0];
type Response<M extends Method> = ReturnType<M['responseDeserialize']>;

/** One call: fields left out are at their protobuf default. Rejects with grpc-js's ServiceError (`code`, `details`). */
type Call<M extends Method> = M['responseStream'] extends true
  ? (request?: Partial<Request<M>>, signal?: AbortSignal) => AsyncIterable<Response<M>>
  : (request?: Partial<Request<M>>, signal?: AbortSignal) => Promise<Response<M>>;

export type Calls<S extends Readonly<Record<string, Method>>> = { readonly [K in keyof S]: Call<S[K]> };

/** Both services of one CRI socket. `using cri = connectCri('unix:///run/cricket/cricket.sock')`. */
export interface CriClient extends Disposable {
  readonly runtime: Calls<RuntimeServiceService>;
  readonly image: Calls<ImageServiceService>;
  /** Resolves when the socket answers. Errors: after `timeoutMs`, with the endpoint in the message. */
  ready(timeoutMs: number): Promise<void>;
  close(): void;
}

export interface CriClientOptions {
  /** The deadline of each unary call; streams have none but their signal. */
  readonly timeoutMs?: number;
  /** Sent with each unary call. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export function connectCri(endpoint: string, options: CriClientOptions = {}): CriClient {
  const client = new Client(endpoint, credentials.createInsecure(), {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.enable_http_proxy': 0,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 250,
    'grpc.use_local_subchannel_pool': 1,
  });
  const { timeoutMs = 120_000, metadata = {} } = options;
  const settings = { timeoutMs, metadata };
  const close = () => client.close();
  return {
    runtime: callsOf(client, RuntimeServiceService, settings),
    image: callsOf(client, ImageServiceService, settings),
    ready: (ms) => ready(client, endpoint, ms),
    close,
    [Symbol.dispose]: close,
  };
}

/** A message with the fields named, the others at their protobuf default. */
export function filled<T extends object>(message: { decode(input: Uint8Array): T }, fields: Partial<T> = {}): T {
  return { ...message.decode(new Uint8Array()), ...fields };
}

/** The number and text of a failed call, when that is what was thrown. */
export function statusOf(thrown: unknown): { readonly code: number; readonly message: string } | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'number') return undefined;
  return { code: thrown.code, message: (thrown as ServiceError).details };
}

function callsOf<S extends Readonly<Record<string, Method>>>(
  client: Client,
  service: S,
  settings: Required<CriClientOptions>,
): Calls<S> {
  const calls = Object.entries(service).map(([name, method]) => {
    const call = (request: object = {}, signal?: AbortSignal) => {
      const whole = { ...method.requestDeserialize(Buffer.alloc(0)), ...request } as never;
      if (method.responseStream) return stream(client, method, whole, signal);
      return unary((done) => startUnary(client, method, whole, settings, done), signal);
    };
    return [name, call];
  });
  return Object.fromEntries(calls) as Calls<S>;
}

type Done = (error: ServiceError | null, answer?: object) => void;

function startUnary(
  client: Client,
  method: Method,
  request: never,
  { timeoutMs, metadata }: Required<CriClientOptions>,
  done: Done,
) {
  const { path, requestSerialize, responseDeserialize } = method;
  const deadline = Date.now() + timeoutMs;
  return client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    Metadata.fromHttp2Headers(metadata),
    { deadline },
    done,
  );
}

async function unary(start: (done: Done) => { cancel(): void }, signal?: AbortSignal): Promise<object | undefined> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<object | undefined>();
  const call = start((error, answer) => {
    if (error === null) resolve(answer);
    else reject(error);
  });
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function* stream(client: Client, method: Method, request: never, signal?: AbortSignal): AsyncGenerator<object> {
  signal?.throwIfAborted();
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
  );
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    yield* call as AsyncIterable<object>;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.on('error', () => undefined);
    call.cancel();
  }
}

async function ready(client: Client, endpoint: string, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  client.waitForReady(Date.now() + timeoutMs, (error) => {
    if (error === undefined) resolve();
    else reject(new Error(`nothing answers on ${endpoint} after ${timeoutMs} ms`, { cause: error }));
  });
  await promise;
}
