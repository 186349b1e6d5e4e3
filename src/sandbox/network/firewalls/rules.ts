import { z } from 'zod';

/** nft's JSON (libnftables-json(5)), as far as we read it; unknown members are left alone. */
const chain = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  type: z.string().optional(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
const rule = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  handle: z.number(),
  comment: z.string().optional(),
  expr: z.array(z.record(z.string(), z.unknown())),
});
const match = z.object({
  op: z.string(),
  left: z.object({ meta: z.object({ key: z.string() }) }),
  right: z.string(),
});
const listing = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });

export type Chain = Readonly<z.infer<typeof chain>>;
export type Rule = Readonly<z.infer<typeof rule>>;

/** All chains of a `nft -j list chains`. */
export const chainsIn = (text: string): readonly Chain[] => pick(text, 'chain', chain);
/** The rules of a `nft -j list chain`, in order. */
export const rulesIn = (text: string): readonly Rule[] => pick(text, 'rule', rule);

function pick<T>(text: string, member: string, schema: z.ZodType<T>): readonly T[] {
  const { nftables } = listing.parse(JSON.parse(text));
  return nftables.flatMap((entry) => (member in entry ? [schema.parse(entry[member])] : []));
}

/** What decides a packet without looking at it; counting and logging decide nothing. */
const aside = ['counter', 'log'];
const refusals = ['drop', 'reject'];

/** Why a packet that no rule wants is not forwarded: in words, undefined if it is. */
export function refusalOf(base: Chain, rules: readonly Rule[]): string | undefined {
  if (base.policy === 'drop') return 'its policy is drop';
  const last = rules.at(-1);
  const deciding = last?.expr.flatMap((part) => Object.keys(part)).filter((key) => !aside.includes(key)) ?? [];
  const [only] = deciding;
  return deciding.length === 1 && only !== undefined && refusals.includes(only)
    ? `its last rule is ${only}`
    : undefined;
}

/** Whether rules accept all that comes from and goes to the link, whoever wrote them. */
export function acceptsLink(rules: readonly Rule[], link: string): boolean {
  return (['iifname', 'oifname'] as const).every((key) => rules.some((one) => acceptsBy(one, key, link)));
}

function acceptsBy({ expr }: Rule, key: string, link: string): boolean {
  const deciding = expr.filter((part) => !aside.some((name) => name in part));
  const [first, second, ...more] = deciding;
  const found = match.safeParse(first?.['match']);
  const names = found.success && found.data.op === '==' && found.data.left.meta.key === key;
  return names && found.data.right === link && second !== undefined && 'accept' in second && more.length === 0;
}

const jump = z.object({ target: z.string() });

/** Whether all packets that get to some rule go on to another chain. */
export function jumpsTo(rules: readonly Rule[], target: string): boolean {
  return rules.some(({ expr }) => {
    const deciding = expr.filter((part) => !aside.some((name) => name in part));
    const found = jump.safeParse(deciding[0]?.['jump']);
    return deciding.length === 1 && found.success && found.data.target === target;
  });
}
