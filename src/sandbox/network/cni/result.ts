import { isIP } from 'node:net';
import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import type { PodAddress } from '../ports/ports.ts';

const address = z.string().transform((text): PodAddress => {
  const [ip = '', prefix] = text.split('/');
  return { ip, prefix: prefix === undefined ? (isIP(ip) === 6 ? 128 : 32) : Number(prefix) };
});
const current = z.object({
  interfaces: z.array(z.object({ name: z.string(), sandbox: z.string().default('') })).nullish(),
  ips: z.array(z.object({ address, interface: z.number().nullish() })).nullish(),
});
/** Of the versions before 0.3.0. */
const first = z.object({ ip4: z.object({ ip: address }).nullish(), ip6: z.object({ ip: address }).nullish() });

/**
 * The pod's addresses in the result of an ADD of any version: those of `ifname` first, in the plugin's order, then those
 * of other interfaces in the pod. An address without an interface is the pod's; one of an interface of the host is not.
 * (Specification, section 5.) Errors: `failed_precondition` where it is no result, or has no address for the pod.
 */
export function addressesIn(raw: unknown, ifname: string): readonly PodAddress[] {
  const parsed = z.intersection(current, first).safeParse(raw);
  if (!parsed.success)
    throw fail('failed_precondition', `its result is none: ${parsed.error.issues[0]?.message ?? ''}`);
  const { interfaces, ips, ip4, ip6 } = parsed.data;
  const placed = (ips ?? []).flatMap(({ address: at, interface: index }) => {
    if (index === undefined || index === null || index < 0) return [{ at, isMain: true }];
    const link = interfaces?.[index];
    return link === undefined || link.sandbox === '' ? [] : [{ at, isMain: link.name === ifname }];
  });
  const old = [ip4, ip6].flatMap((one) => (one === undefined || one === null ? [] : [one.ip]));
  const all = [
    ...placed.filter(({ isMain }) => isMain).map(({ at }) => at),
    ...old,
    ...placed.filter(({ isMain }) => !isMain).map(({ at }) => at),
  ].filter(({ ip }) => isIP(ip) !== 0);
  if (all.length === 0) throw fail('failed_precondition', 'its result has no address for the pod');
  return [...new Map(all.map((one) => [one.ip, one])).values()];
}
