import { context } from '@opentelemetry/api';
import type { Metadata, StatusObject } from '@grpc/grpc-js';
import type { RpcSeries } from '../../../metrics/rpc.ts';
import { fail } from '../../base/errors.ts';
import type { CricketError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { monotonicMs } from '../../base/clock.ts';
import { logCall } from './call-log.ts';
import { rpcName } from './handlers.ts';
import type { CallContext } from './handlers.ts';
import { statusFor } from './status.ts';
import { beginSpan, endSpan } from './trace.ts';

/** What the adapter needs of a call of grpc-js. */
export interface WireCall {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
}

export interface OpenCall {
  readonly context: CallContext;
  /** Runs work inside the call's span. */
  inside<T>(work: () => T): T;
  /** The status to send; span, metric and log line are ended behind it: nobody need wait for them. Call it once. */
  finish(error?: CricketError): Pick<StatusObject, 'code' | 'details'>;
}

export interface CallsDeps {
  readonly log: Logger;
  readonly metrics: RpcSeries;
}

/** Milliseconds by which a caller's own deadline may reach us before ours fires. */
const deadlineSlack = 20;

/** The calls whose handlers are at work: what a drain waits for. */
export class Calls {
  readonly #deps: CallsDeps;
  readonly #unary = new Set<AbortController>();
  readonly #streams = new Set<AbortController>();
  /** Calls that are answered, and not told of yet. */
  #telling = 0;
  #idle: (() => void) | undefined;

  constructor(deps: CallsDeps) {
    this.#deps = deps;
  }

  /** Begins a call: its signal, span, metric. */
  open(path: string, wire: WireCall, request: unknown, kind: 'unary' | 'stream'): OpenCall {
    const rpc = rpcName(path);
    const controller = new AbortController();
    const open = kind === 'unary' ? this.#unary : this.#streams;
    const { metrics } = this.#deps;
    // A child keeps the level it was born with: one a call follows a level changed by SIGHUP.
    const log = this.#deps.log.child({ rpc });
    const span = beginSpan(path, wire.metadata);
    const started = monotonicMs();
    open.add(controller);
    metrics.inFlight.inc({ method: rpc });
    // grpc-js emits this after every call, also after one that ended well: finish() has removed it by then.
    wire.on('cancelled', () => {
      if (open.has(controller)) controller.abort(reasonFor(wire));
    });
    return {
      context: { signal: controller.signal, log },
      inside: (work) => context.with(span.inside, work),
      finish: (error) => {
        open.delete(controller);
        this.#telling += 1;
        const milliseconds = monotonicMs() - started;
        const answer = error === undefined ? { code: 0, details: '' } : statusFor(error);
        setImmediate(() => {
          metrics.inFlight.dec({ method: rpc });
          metrics.total.inc({ method: rpc, code: error?.code ?? 'ok' });
          metrics.seconds.observe({ method: rpc, code: error?.code ?? 'ok' }, milliseconds / 1000);
          endSpan(span, answer.code, error);
          context.with(span.inside, () => logCall(log, { path, rpc, request, milliseconds, error }));
          this.#telling -= 1;
          if (this.#isIdle) this.#idle?.();
        });
        return answer;
      },
    };
  }

  /** Ends the streams: they would go on for ever. The kubelet opens them again at the next daemon. */
  endStreams(): void {
    for (const stream of this.#streams) stream.abort(endingError());
  }

  /** Ends the wait of every call. */
  endAll(): void {
    for (const call of [...this.#unary, ...this.#streams]) call.abort(endingError());
  }

  /** Resolves once no handler is at work. */
  async idle(): Promise<void> {
    if (this.#isIdle) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    await promise;
  }

  get #isIdle(): boolean {
    return this.size + this.#telling === 0;
  }

  get size(): number {
    return this.#unary.size + this.#streams.size;
  }
}

const endingError = () => fail('unavailable', 'the daemon is being stopped; call again once it is back');

function reasonFor(wire: WireCall): CricketError {
  if (Date.now() >= Number(wire.getDeadline()) - deadlineSlack)
    return fail('deadline_exceeded', 'the deadline of the call passed');
  return fail('cancelled', 'the caller gave the call up');
}
