import { pino } from 'pino';
import type { Logger } from 'pino';
import { traceFields } from './trace.ts';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Bytes that wait while stderr takes none; later lines are dropped. */
const backlog = 1024 * 1024;

/** One JSON line per event on stderr: a constant message plus fields, ids always under the same key. */
export function createLogger(level: LogLevel): Logger {
  const stderr = pino.destination({ fd: 2, sync: true, maxLength: backlog });
  // A full disk, or a reader that is gone, costs lines and nothing else: unheard, this error ends the process.
  stderr.on('error', () => undefined);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: traceFields,
      formatters: { level: (label) => ({ level: label }) },
    },
    stderr,
  );
}

/** A logger that says nothing, for tests and one-shot commands. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
