import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';

/** What a service manager handed to the process: sd_notify(3), sd_watchdog_enabled(3). */
export interface ServiceManager {
  /** NOTIFY_SOCKET; empty: nobody to tell. */
  readonly notifySocket: string;
  /** WATCHDOG_USEC in microseconds; 0: no watchdog. */
  readonly watchdogMicros: number;
}

/** From the environment: a watchdog meant for another process is none of ours. */
export function serviceManagerFrom(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): ServiceManager {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  const micros = Number(WATCHDOG_USEC ?? 0);
  const ours = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  return { notifySocket: NOTIFY_SOCKET ?? '', watchdogMicros: ours && Number.isSafeInteger(micros) ? micros : 0 };
}

export interface Notifier extends Disposable {
  /** Serving: the manager starts what waits for us, and the watchdog begins. */
  ready(status: string): void;
  stopping(): void;
}

/** Messages of one daemon to its service manager; without one they go nowhere. A lost message is only logged. */
export function notifierFor(
  manager: ServiceManager,
  send: (socket: string, message: string) => void,
  log: Logger,
): Notifier {
  let timer: NodeJS.Timeout | undefined;
  const tell = (message: string) => {
    if (manager.notifySocket === '') return;
    try {
      send(manager.notifySocket, message);
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the service manager was not reached');
    }
  };
  return {
    ready(status) {
      tell(`READY=1\nSTATUS=${status}`);
      // Twice a period, as sd_watchdog_enabled(3) asks. A timer of the loop itself: a stuck loop falls silent.
      if (manager.watchdogMicros > 0)
        timer = setInterval(() => tell('WATCHDOG=1'), manager.watchdogMicros / 2000).unref();
    },
    stopping: () => tell('STOPPING=1'),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

export interface Signals extends Disposable {
  /** Fires with the first SIGTERM or SIGINT: drain. */
  readonly ending: AbortSignal;
  /** Fires with the second: let go of everything at once. */
  readonly forced: AbortSignal;
}

/** Milliseconds after the second signal until the process ends, whatever still waits. */
const forcedLimitMs = 2000;

/**
 * Watches the process's signals until disposed. SIGHUP calls `reload`, one at a time. SIGPIPE and a closed
 * terminal are nothing to a daemon.
 */
export function watchSignals(reload: () => Promise<void>, log: Logger): Signals {
  const ending = new AbortController();
  const forced = new AbortController();
  let reloading: Promise<void> = Promise.resolve();
  let last: NodeJS.Timeout | undefined;
  const onEnd = (signal: NodeJS.Signals) => {
    if (!ending.signal.aborted) {
      log.info({ signal }, 'draining: a second signal ends at once');
      ending.abort();
      return;
    }
    log.warn({ signal }, 'ending at once');
    forced.abort();
    last = setTimeout(() => process.exit(1), forcedLimitMs).unref();
  };
  const onReload = () => {
    reloading = reloading.then(reload).catch((error: unknown) => {
      log.error({ error: messageOf(error) }, 'the configuration was not read again');
    });
  };
  process.on('SIGTERM', onEnd);
  process.on('SIGINT', onEnd);
  process.on('SIGHUP', onReload);
  return {
    ending: ending.signal,
    forced: forced.signal,
    [Symbol.dispose]() {
      clearTimeout(last);
      process.off('SIGTERM', onEnd);
      process.off('SIGINT', onEnd);
      process.off('SIGHUP', onReload);
    },
  };
}

/**
 * Keeps the process until disposed. What waits for a Worker or a child does not: before the socket is served and
 * after it, the event loop would be empty, and Node ends a process whose loop is.
 */
export function stayAlive(): Disposable {
  const timer = setInterval(() => undefined, 2 ** 31 - 1);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Resolves when the signal fires. */
export async function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
