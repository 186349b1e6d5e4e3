import type { ProcessOutput } from './process-output.ts';

/** Milliseconds of silence after the end of a process whose children still hold its output open. */
const silenceMs = 100;

/**
 * Ends the outputs of a process that has ended: at their own end, or when they fall silent, as something it left in
 * the background may hold them open for ever. A reader who is slow loses nothing: it is waited for.
 */
export async function drain(outputs: readonly ProcessOutput[]): Promise<void> {
  const over = Promise.withResolvers<void>();
  const looking = setInterval(() => {
    if (!outputs.every((output) => output.isQuiet(silenceMs))) return;
    // A busy loop comes to its timers before it reads: what waits in the kernel is read before the immediate.
    setImmediate(() => {
      if (outputs.every((output) => output.isQuiet(silenceMs))) over.resolve();
    });
  }, silenceMs / 2);
  try {
    await Promise.race([over.promise, Promise.all(outputs.map((output) => output.released))]);
  } finally {
    clearInterval(looking);
  }
  for (const output of outputs) output.finish();
}
