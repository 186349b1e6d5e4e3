import type { Socket } from 'node:net';
import type { StreamingSeries } from '../../../metrics/streaming.ts';
import { fail } from '../../base/errors.ts';
import type { StreamKind, Transport } from './request.ts';

/** Milliseconds that sessions have to say why they end when the daemon does. */
const endMs = 2_000;

interface OpenSession {
  readonly controller: AbortController;
  readonly socket: Socket;
  readonly closed: Promise<void>;
}

/** The sessions that are open: from the first answer until the connection is gone. */
export class Sessions {
  readonly #open = new Set<OpenSession>();
  readonly #series: Pick<StreamingSeries, 'open' | 'total'>;

  constructor(series: Pick<StreamingSeries, 'open' | 'total'>) {
    this.#series = series;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Counts a session until its socket closes. The signal fires when the daemon ends. */
  begin(kind: StreamKind, transport: Transport, socket: Socket): AbortSignal {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const session = { controller, socket, closed };
    const labels = { kind, transport };
    this.#open.add(session);
    this.#series.open.inc(labels);
    this.#series.total.inc(labels);
    const over = () => {
      if (!this.#open.delete(session)) return;
      this.#series.open.dec(labels);
      resolve();
    };
    socket.once('close', over);
    if (socket.destroyed) over();
    return controller.signal;
  }

  /** Ends all of them, with a reason that their clients read. Resolves when every connection is gone. */
  async endAll(): Promise<void> {
    const open = [...this.#open];
    const reason = fail('unavailable', 'the container runtime is being stopped; try again once it is back');
    for (const { controller } of open) controller.abort(reason);
    const timer = setTimeout(() => {
      for (const { socket } of open) socket.destroy();
    }, endMs);
    await Promise.all(open.map(({ closed }) => closed));
    clearTimeout(timer);
  }
}
