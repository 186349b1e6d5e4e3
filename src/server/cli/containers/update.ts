import { fail } from '../../../base/errors.ts';
import { updateAnswer, updatePath } from '../../control/containers/update.ts';
import type { UpdateQuery } from '../../control/containers/update.ts';
import { bytesOf, numberOf } from '../run/parse.ts';
import type { Terminal } from '../terminal.ts';
import { forEachContainer } from './each.ts';
import type { HandsOnFlags } from './each.ts';

/** As typed; docker's words for them. */
export interface UpdateFlags extends HandsOnFlags {
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpuQuota?: string;
  readonly cpuPeriod?: string;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: string;
}

/** Microseconds: the kernel's own. */
const usualPeriod = '100000';

/** `cricket update`: prints the names, as docker does. */
export async function update(names: readonly string[], flags: UpdateFlags, terminal: Terminal): Promise<void> {
  const question = { method: 'POST', path: updatePath, answer: updateAnswer } as const;
  await forEachContainer(names, { question, query: queryOf(flags), text: (_, name) => name }, flags, terminal);
}

function queryOf(flags: UpdateFlags): Readonly<Record<string, string>> {
  const { memory, memorySwap, cpuShares, cpusetCpus, cpusetMems, pidsLimit } = flags;
  const bytes = (flag: string, text: string | undefined) =>
    text === undefined || text === '-1' ? text : String(bytesOf(flag, text));
  const query: { readonly [Key in keyof UpdateQuery]: string | undefined } = {
    memoryLimitBytes: bytes('--memory', memory),
    memorySwapLimitBytes: bytes('--memory-swap', memorySwap),
    ...{ cpuShares, cpusetCpus, cpusetMems, pidsLimit },
    ...cpuTime(flags),
  };
  return Object.fromEntries(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** How many CPUs is a quota in each period. */
function cpuTime({ cpus, cpuQuota, cpuPeriod }: UpdateFlags) {
  if (cpus === undefined) return { cpuQuota, cpuPeriod };
  if (cpuQuota !== undefined) throw fail('invalid_argument', '--cpus is a quota: give it or --cpu-quota');
  if (cpus === '-1') return { cpuQuota: '-1', cpuPeriod };
  const hint = 'give how many, such as 1.5, or -1 for no limit';
  const period = cpuPeriod ?? usualPeriod;
  return { cpuQuota: String(Math.floor(numberOf('--cpus', cpus, hint) * Number(period))), cpuPeriod: period };
}
