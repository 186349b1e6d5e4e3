import { fail } from '../../../base/errors.ts';
import { refusalOf } from './rules.ts';
import type { Rule } from './rules.ts';
import type { ForwardChain, ForwardRules, LegacyChain, Machine } from './look.ts';
import { obstacles } from './look.ts';

/** Whose rule it is, for people and for its removal. */
export const ruleComment = (instance: string): string => `cricket ${instance}`;

/** Adds the accept rules where they lack. Answers what was done, one line each. Errors: what nft or iptables said. */
export async function addAccepts(machine: Machine, found: ForwardRules, bridge: string, comment: string) {
  const done: string[] = [];
  for (const one of found.chains) {
    if (refusalOf(one.chain, one.rules) === undefined) continue;
    if (obstacles({ chains: [one], legacy: [] }, bridge).length === 0) continue;
    const { family, table, name } = one.forOthers?.chain ?? one.chain;
    for (const key of ['iifname', 'oifname'])
      await must(
        machine,
        ...['nft', 'insert', 'rule', family, table, name, key],
        ...[`"${bridge}"`, 'counter', 'accept', 'comment', `"${comment}"`],
      );
    done.push(`chain ${name} of nftables table ${family} ${table} was told to accept what bridge ${bridge} forwards`);
  }
  for (const one of found.legacy) {
    if (obstacles({ chains: [], legacy: [one] }, bridge).length === 0) continue;
    for (const flag of ['-i', '-o']) await must(machine, ...legacyRule(one, '-I', flag, bridge, comment));
    done.push(`chain ${one.into} of ${one.program} was told to accept what bridge ${bridge} forwards`);
  }
  return done;
}

const legacyRule = ({ program, into }: LegacyChain, action: string, flag: string, bridge: string, comment: string) =>
  [program, '-w', action, into, flag, bridge, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT'] as const;

/** Takes our accept rules away again, wherever they are. Answers what was done. */
export async function removeAccepts(machine: Machine, found: ForwardRules, bridge: string, comment: string) {
  const done: string[] = [];
  for (const { family, table, chain, handle } of found.chains.flatMap(rulesOf).filter((r) => r.comment === comment)) {
    await must(machine, 'nft', 'delete', 'rule', family, table, chain, 'handle', String(handle));
    done.push(`our rule in chain ${chain} of nftables table ${family} ${table} was taken away`);
  }
  for (const one of found.legacy)
    for (const flag of ['-i', '-o'])
      if (one.rules.some((line) => line.includes(`"${comment}"`) && line.includes(`${flag} ${bridge} `))) {
        await must(machine, ...legacyRule(one, '-D', flag, bridge, comment));
        done.push(`our rule in chain ${one.into} of ${one.program} was taken away`);
      }
  return done;
}

const rulesOf = ({ rules, forOthers }: ForwardChain): readonly Rule[] => [...rules, ...(forOthers?.rules ?? [])];

async function must(machine: Machine, path: string, ...args: readonly string[]): Promise<void> {
  const ran = await machine.run(path, ...args);
  if (ran?.code !== 0)
    throw fail(
      'failed_precondition',
      `${path} ${args.join(' ')}: ${ran === undefined ? 'it is not installed' : ran.stderr.trim()}`,
    );
}
