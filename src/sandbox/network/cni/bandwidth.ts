import { fail } from '../../../base/errors.ts';

/** What the capability `bandwidth` is told; rates in bits per second, bursts in bits. */
export type Bandwidth = Partial<
  Readonly<Record<'ingressRate' | 'ingressBurst' | 'egressRate' | 'egressBurst', number>>
>;

/** The most the bandwidth plugin takes: a burst of the pod's own limit would only slow down its begin. */
const anyBurst = 0xffff_ffff;
/** What Kubernetes allows, in bits per second. */
const [least, most] = [1_000, 1_000_000_000_000_000];

/**
 * `kubernetes.io/ingress-bandwidth` and `egress-bandwidth`; undefined without either.
 * Errors: `invalid_argument` naming the annotation.
 */
export function bandwidthOf(annotations: Readonly<Record<string, string>>): Bandwidth | undefined {
  const rate = (direction: 'ingress' | 'egress'): number | undefined => {
    const name = `kubernetes.io/${direction}-bandwidth`;
    const text = annotations[name];
    return text === undefined ? undefined : parseRate(name, text);
  };
  const [ingress, egress] = [rate('ingress'), rate('egress')];
  if (ingress === undefined && egress === undefined) return undefined;
  return {
    ...(ingress === undefined ? {} : { ingressRate: ingress, ingressBurst: anyBurst }),
    ...(egress === undefined ? {} : { egressRate: egress, egressBurst: anyBurst }),
  };
}

const units: Readonly<Record<string, number>> = {
  ...{ m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** A quantity as Kubernetes writes it: `10M`, `1.5Gi`, `1e6`. */
function parseRate(name: string, text: string): number {
  const match = /^\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:([eE][-+]?[0-9]{1,3})|([kMGTPE]|[KMGTPE]i|m)?)$/.exec(text.trim());
  const value =
    match === null ? Number.NaN : Number(`${match[1] ?? ''}${match[2] ?? ''}`) * (units[match[3] ?? ''] ?? 1);
  if (value >= least && value <= most) return Math.ceil(value);
  throw fail(
    'invalid_argument',
    `annotation ${name} is ${JSON.stringify(text.slice(0, 80))}: it must be a quantity of bits a second from 1k to 1P`,
  );
}
