import { z } from 'zod';

/** What the daemon says first: whose streams these are. */
export const begunFrame = z.object({ id: z.string(), name: z.string(), tty: z.boolean() });
export type BegunFrame = z.output<typeof begunFrame>;

/** And last. `code` is that of the program; of one that a signal ended 128 + number. */
export const endFrame = z.discriminatedUnion('how', [
  z.object({ how: z.literal('exited'), code: z.number() }),
  z.object({ how: z.literal('detached') }),
  z.object({ how: z.literal('failed'), message: z.string() }),
]);
export type EndFrame = z.output<typeof endFrame>;

export const sizeFrame = z.object({ columns: z.number().int(), rows: z.number().int() });
