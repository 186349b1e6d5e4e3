import { fail } from '../../base/errors.ts';
import type { ReadFile } from '../group.ts';
import type { Resources } from '../resources.ts';
import type { Controller, Write } from './controller.ts';
import type { MemoryStats } from './memory-stats.ts';
import { memoryStatsV1, memoryStatsV2, v1Limit } from './memory-stats.ts';
import { parseKeyed, parseNumber, present } from './text.ts';

const limitFile = 'memory.limit_in_bytes';
const memswFile = 'memory.memsw.limit_in_bytes';
const swapMax = { file: 'memory.swap.max', optional: true } as const;

/** cgroup-v1/memory.rst and cgroup-v2.rst, "Memory Interface Files". */
export const memory: Controller<MemoryStats> = {
  v1: {
    plan: planV1,
    stats: memoryStatsV1,
    limits: (read) =>
      present({
        memoryLimitBytes: v1Limit(read(limitFile)),
        memorySwapLimitBytes: v1Limit(read(memswFile)),
        memoryReservationBytes: v1Limit(read('memory.soft_limit_in_bytes')),
      }),
  },
  v2: {
    plan: planV2,
    stats: memoryStatsV2,
    limits: (read) => {
      const limit = parseNumber(read('memory.max'));
      const swap = parseNumber(read('memory.swap.max'));
      return present({
        memoryLimitBytes: limit,
        memorySwapLimitBytes: limit === undefined || swap === undefined ? undefined : limit + swap,
        memoryReservationBytes: parseNumber(read('memory.min')) || undefined,
      });
    },
  },
};

/**
 * v1 keeps memory <= memory+swap at every instant, so the order depends on where the old values are. A new memory
 * limit without a new memory+swap limit keeps the swap allowance that there was, as v2 does by itself.
 */
function planV1(
  { memoryLimitBytes: limit = 0n, memorySwapLimitBytes: both = 0n }: Resources,
  read: ReadFile,
): readonly Write[] {
  const oldLimit = v1Limit(read(limitFile));
  const oldBoth = v1Limit(read(memswFile));
  const allowance = oldBoth === undefined || oldLimit === undefined ? undefined : oldBoth - oldLimit;
  const newBoth = both !== 0n ? both : limit < 0n ? -1n : allowance === undefined ? 0n : limit + allowance;
  const memory = limitWrite({ file: limitFile, none: '-1' }, limit, oldLimit);
  // Without swap accounting there is no such file, and nothing to be limited.
  const swap = limitWrite({ file: memswFile, none: '-1', optional: true }, limit === 0n ? both : newBoth, oldBoth);
  const rises = limit < 0n || (oldBoth !== undefined && limit > oldBoth);
  return rises ? [...swap, ...memory] : [...memory, ...swap];
}

/** A limit's file, and what stands for none in it. */
interface LimitFile {
  readonly file: string;
  readonly none: string;
  readonly optional?: true;
}

/** 0 leaves it as it is, negative lifts it. Only lowering can make the kernel reclaim. */
function limitWrite({ none, ...file }: LimitFile, value: bigint, old: bigint | undefined): readonly Write[] {
  if (value === 0n) return [];
  if (value < 0n) return [{ ...file, value: none }];
  const lowers = old === undefined || value < old;
  return [{ ...file, value: `${value}`, ...(lowers ? { waits: true } : {}) }];
}

/** v2 limits swap alone: what CRI gives as memory+swap has the memory limit taken off. */
function planV2(
  { memoryLimitBytes: limit = 0n, memorySwapLimitBytes: both = 0n }: Resources,
  read: ReadFile,
): readonly Write[] {
  const old = parseNumber(read('memory.max'));
  const memory = limitWrite({ file: 'memory.max', none: 'max' }, limit, old);
  if (limit > 0n) refuseKilling(limit, read);
  if (both <= 0n) return both === 0n ? memory : [{ ...swapMax, value: 'max' }, ...memory];
  const held = limit > 0n ? limit : limit < 0n ? undefined : old;
  if (held === undefined || both < held)
    throw fail('failed_precondition', `memory and swap limit ${both}: needs a memory limit not above it`);
  return [{ ...swapMax, value: `${both - held}` }, ...memory];
}

/**
 * v1 answers EBUSY to a limit below what cannot be reclaimed; v2 takes it and calls the OOM killer. An update is no
 * reason to die, so v2 refuses the same way (KEP-1287: a shrink that does not fit leaves the old limit in place).
 */
function refuseKilling(limit: bigint, read: ReadFile): void {
  const anonymous = parseKeyed(read('memory.stat') ?? '')('anon') ?? 0n;
  if (anonymous > limit) {
    throw fail(
      'failed_precondition',
      `memory limit ${limit} is below the ${anonymous} bytes in use that cannot be reclaimed; free memory first or restart the container`,
    );
  }
}
