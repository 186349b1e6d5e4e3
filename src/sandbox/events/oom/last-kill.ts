import { z } from 'zod';

/** The last OOM kill in a container that is known of. */
export const lastKillSchema = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  /** One of the kills was of the container's first process. */
  init: z.boolean(),
  /** The time was seen, not worked out from the kernel's clock or from when a counter was read. */
  exact: z.boolean(),
});
export type LastKill = Readonly<z.infer<typeof lastKillSchema>>;

/** How a container ended that ended by 137. */
export interface KilledEnd {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Its first process had SIGKILL from us: it did not end by itself. */
  readonly byUs: boolean;
}

/** Milliseconds in which a first process that ends by 137 hands on the end of its child: `sh -c program`. */
const handOnMs = 1_000;
/** The kernel's clock is not corrected by NTP as ours is. */
const clockErrorMs = 2_000;

/**
 * Whether an end by 137 was for want of memory: the first process was killed for it, or ended by itself right after one of
 * its children was. Else the kill is one of a child, that others outlived, and no reason of this end.
 */
export function isOomEnd(kill: LastKill | undefined, { at, byUs }: KilledEnd): boolean {
  if (kill === undefined) return false;
  if (kill.init) return true;
  return !byUs && at - kill.at <= handOnMs + (kill.exact ? 0 : clockErrorMs);
}

/** Both taken together: the later time, and the first process's kill for ever. */
export function latestKill(before: LastKill | undefined, kill: LastKill): LastKill {
  const later = before === undefined || kill.at >= before.at ? kill : before;
  return { ...later, init: kill.init || before?.init === true };
}
