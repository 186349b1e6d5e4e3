import { Client, credentials, status } from '@grpc/grpc-js';
import { RuntimeServiceService } from '../../api/cri/v1/api.ts';
import { statusOf } from '../lib/cri-client.ts';

export const statsCalls = ['ListContainerStats', 'ListPodSandboxStats', 'ListPodSandboxMetrics'] as const;
export type StatsCall = (typeof statsCalls)[number];

/** What a reader makes of the answer of each: how many containers or pods are in it. */
const counts: Readonly<Record<StatsCall, (answer: Buffer) => number>> = {
  ListContainerStats: (answer) => RuntimeServiceService.listContainerStats.responseDeserialize(answer).stats.length,
  ListPodSandboxStats: (answer) => RuntimeServiceService.listPodSandboxStats.responseDeserialize(answer).stats.length,
  ListPodSandboxMetrics: (answer) =>
    RuntimeServiceService.listPodSandboxMetrics.responseDeserialize(answer).podMetrics.length,
};

export interface RawCalls extends Disposable {
  /**
   * Milliseconds until the answer's last byte is here. Reading it comes after the clock, so that it is no part of what the
   * daemon takes. Undefined: the daemon has no such call. Errors: an answer with less than `least` entries.
   */
  time(call: StatsCall, least: number): Promise<number | undefined>;
}

export function connectRaw(endpoint: string): RawCalls {
  const client = new Client(endpoint, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    async time(call, least) {
      const begun = performance.now();
      const answer = await ask(client, call);
      const milliseconds = performance.now() - begun;
      if (answer === undefined) return undefined;
      const found = counts[call](answer);
      if (found < least) throw new Error(`${call} of ${endpoint} has ${found} entries: wanted ${least}`);
      return milliseconds;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

const asIs = (bytes: Buffer): Buffer => bytes;

async function ask(client: Client, call: StatsCall): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const path = `/runtime.v1.RuntimeService/${call}`;
  client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error, answer) => {
    if (error === null) resolve(answer);
    else if (statusOf(error)?.code === status.UNIMPLEMENTED) resolve(undefined);
    else reject(error);
  });
  return promise;
}
