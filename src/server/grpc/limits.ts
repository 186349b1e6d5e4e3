import { fail } from '../../base/errors.ts';
import { Encoded, rpcName } from './handlers.ts';
import type { Method } from './handlers.ts';

/** Bytes. What the kubelet and crictl take in one message; a larger answer would end their call with an error. */
export const maxMessageSize = 16 * 1024 * 1024;

/** Lists that have a streaming twin for nodes with more objects than fit one message. */
const streams: Readonly<Record<string, string>> = {
  ListPodSandbox: 'StreamPodSandboxes',
  ListContainers: 'StreamContainers',
  ListContainerStats: 'StreamContainerStats',
  ListPodSandboxStats: 'StreamPodSandboxStats',
  ListPodSandboxMetrics: 'StreamPodSandboxMetrics',
  ListImages: 'StreamImages',
};

/** One message on the wire. Errors: `resource_exhausted` above 16 MiB, naming the way to get it in parts. */
export function encode<Request, Response>(
  method: Method<Request, Response>,
  response: Response | Encoded<Response>,
): Buffer {
  const bytes = response instanceof Encoded ? bufferOf(response.bytes) : method.responseSerialize(response);
  if (bytes.length <= maxMessageSize) return bytes;
  const rpc = rpcName(method.path);
  const instead = streams[rpc] === undefined ? 'ask for less' : `call ${streams[rpc]} or use a filter`;
  throw fail(
    'resource_exhausted',
    `${rpc}: the answer has ${bytes.length} bytes, over the ${maxMessageSize} a client takes; ${instead}`,
  );
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
