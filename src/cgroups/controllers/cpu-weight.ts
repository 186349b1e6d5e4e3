const minShares = 2n;
const maxShares = 262_144n;
const maxWeight = 10_000n;

/**
 * cpu.shares (v1) as cpu.weight (v2): ceil(10^(L²/612 + 125L/612 - 7/34)), L = log2(shares). It maps 2 to 1, the
 * default 1024 to the default 100 and 262144 to 10000, as kubelet, runc from 1.3.2 and crun from 1.23 do. Older
 * runtimes map linearly (KEP-2254: 1 + (shares-2)*9999/262142) and give 39 for 1024 when they create a container.
 */
export function sharesToWeight(shares: bigint): bigint {
  if (shares <= minShares) return 1n;
  if (shares >= maxShares) return maxWeight;
  const log = Math.log2(Number(shares));
  const exponent = (log * log + 125 * log) / 612 - 7 / 34;
  // 1024 gives 100 exactly: without the slack a rounding error in the last bit would make it 101.
  return BigInt(Math.ceil(10 ** exponent - 1e-9));
}

/** The middle (geometrically) of the shares that `sharesToWeight` maps to this weight, 1024 for 100. */
export function weightToShares(weight: bigint): bigint {
  if (weight <= 1n) return minShares;
  if (weight >= maxWeight) return maxShares;
  if (weight === 100n) return 1024n;
  const low = firstWith(weight);
  const high = firstWith(weight + 1n) - 1n;
  return high <= low ? low : BigInt(Math.round(Math.sqrt(Number(low) * Number(high))));
}

/** Whether a weight is what these shares were converted to, by today's formula or the linear one of older runtimes. */
export function isWeightOf(weight: bigint, shares: bigint): boolean {
  const linear = 1n + ((shares - minShares) * (maxWeight - 1n)) / (maxShares - minShares);
  return weight === sharesToWeight(shares) || weight === linear;
}

/** The smallest shares whose weight is at least this. */
function firstWith(weight: bigint): bigint {
  let low = minShares;
  let high = maxShares;
  while (low < high) {
    const middle = (low + high) / 2n;
    if (sharesToWeight(middle) >= weight) high = middle;
    else low = middle + 1n;
  }
  return low;
}
