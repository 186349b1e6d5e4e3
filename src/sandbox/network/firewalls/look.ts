import type { Ran } from '../../../linux/run.ts';
import { acceptsLink, chainsIn, jumpsTo, refusalOf, rulesIn } from './rules.ts';
import type { Chain, Rule } from './rules.ts';

/** What is asked of the machine; absent files and programs are undefined. */
export interface Machine {
  run(path: string, ...args: readonly string[]): Promise<Ran | undefined>;
  read(path: string): Promise<string | undefined>;
}

export interface ForwardChain {
  readonly chain: Chain;
  readonly rules: readonly Rule[];
  /** Docker's chain for rules of others, which its FORWARD jumps to first. */
  readonly forOthers: { readonly chain: Chain; readonly rules: readonly Rule[] } | undefined;
}

/** The iptables of before nftables, which nft cannot see. */
export interface LegacyChain {
  readonly program: 'iptables-legacy' | 'ip6tables-legacy';
  readonly policy: string;
  /** As `iptables -S` writes them. */
  readonly rules: readonly string[];
  readonly into: 'DOCKER-USER' | 'FORWARD';
}

export interface ForwardRules {
  readonly chains: readonly ForwardChain[];
  readonly legacy: readonly LegacyChain[];
}

const families = ['ip', 'ip6', 'inet'];

/** What others have at the forward hook. `ours`: names of tables that are not others'. */
export async function readForwardRules(machine: Machine, ours: (table: string) => boolean): Promise<ForwardRules> {
  const all = await listed(machine, chainsIn, 'list', 'chains');
  const bases = all.filter(
    (chain) =>
      chain.hook === 'forward' && chain.type === 'filter' && families.includes(chain.family) && !ours(chain.table),
  );
  const chains = await Promise.all(bases.map(async (chain) => withDocker(machine, chain, all)));
  const legacy = await Promise.all([readLegacy(machine, 'iptables-legacy'), readLegacy(machine, 'ip6tables-legacy')]);
  return { chains, legacy: legacy.flat() };
}

/** Its chain counts where FORWARD jumps to it. */
async function withDocker(machine: Machine, chain: Chain, all: readonly Chain[]): Promise<ForwardChain> {
  const rules = await rulesOf(machine, chain);
  const { family, table } = chain;
  const docker = all.find((one) => one.family === family && one.table === table && one.name === dockerUser);
  if (docker === undefined || !jumpsTo(rules, dockerUser)) return { chain, rules, forOthers: undefined };
  return { chain, rules, forOthers: { chain: docker, rules: await rulesOf(machine, docker) } };
}

const dockerUser = 'DOCKER-USER';

const rulesOf = async (machine: Machine, { family, table, name }: Chain) =>
  listed(machine, rulesIn, 'list', 'chain', family, table, name);

async function listed<T>(machine: Machine, parse: (text: string) => readonly T[], ...command: readonly string[]) {
  const ran = await machine.run('nft', '-j', ...command);
  // A chain that went meanwhile has no rules; without nft nobody has any.
  return ran?.code === 0 ? parse(ran.stdout) : [];
}

/** A kernel without legacy tables says so, or has them made by asking: so it is asked only where one exists. */
async function readLegacy(machine: Machine, program: LegacyChain['program']): Promise<readonly LegacyChain[]> {
  const names = await machine.read(`/proc/net/${program === 'iptables-legacy' ? 'ip' : 'ip6'}_tables_names`);
  if (names?.split('\n').includes('filter') !== true) return [];
  const ran = await machine.run(program, '-w', '-t', 'filter', '-S');
  if (ran?.code !== 0) return [];
  const lines = ran.stdout.split('\n');
  const policy = lines.find((line) => line.startsWith('-P FORWARD '))?.slice('-P FORWARD '.length) ?? '';
  const into = lines.includes('-A FORWARD -j DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD';
  return [{ program, policy, into, rules: lines.filter((line) => / (FORWARD|DOCKER-USER) /.test(line)) }];
}

/** Without what is for IPv6 alone: it is in nobody's way where pods have none. */
export function withoutIpv6({ chains, legacy }: ForwardRules): ForwardRules {
  return {
    chains: chains.filter(({ chain }) => chain.family !== 'ip6'),
    legacy: legacy.filter(({ program }) => program === 'iptables-legacy'),
  };
}

/** What keeps packets of the bridge from being forwarded, one line each. */
export function obstacles({ chains, legacy }: ForwardRules, bridge: string): readonly string[] {
  return [
    ...chains.flatMap(({ chain, rules, forOthers }) => {
      const why = refusalOf(chain, rules);
      const accepted = acceptsLink([...rules, ...(forOthers?.rules ?? [])], bridge);
      return why === undefined || accepted
        ? []
        : [`chain ${chain.name} of nftables table ${chain.family} ${chain.table}: ${why}`];
    }),
    ...legacy.flatMap(({ program, policy, rules }) => {
      const accepted = [`-i ${bridge} `, `-o ${bridge} `].every((part) =>
        rules.some((line) => line.includes(part) && line.endsWith('-j ACCEPT')),
      );
      return policy !== 'DROP' || accepted ? [] : [`chain FORWARD of ${program}: its policy is drop`];
    }),
  ];
}
