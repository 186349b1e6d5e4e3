import { sleep } from '../../../base/abort.ts';
import { pluginCodeOf, tryAgainLater } from './plugin.ts';

/** Milliseconds before what said "try again later" is tried again; after the last its error stands. */
const pausesMs = [200, 500, 1_000, 2_000, 4_000] as const;

/** Tries again while a plugin says so; `between` undoes a try before the next. Errors: those of the last try. */
export async function patiently<T>(
  work: () => Promise<T>,
  between: () => Promise<void>,
  signal: AbortSignal,
): Promise<T> {
  for (const pause of pausesMs)
    try {
      return await work();
    } catch (error) {
      if (pluginCodeOf(error) !== tryAgainLater) throw error;
      await between();
      await sleep(pause, signal);
    }
  return work();
}
