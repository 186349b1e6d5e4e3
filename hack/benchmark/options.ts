import { parseArgs } from 'node:util';

export const phases = ['pull', 'start', 'memory', 'calls', 'streams', 'removal', 'stats', 'kubelet'] as const;
export type Phase = (typeof phases)[number];

/** Ten minutes with a kubelet are only spent by name. */
const isUsual = (phase: Phase): boolean => phase !== 'kubelet';

/** Daemons that the benchmark itself can start, each with a root of its own. */
export const privateNames = ['cricket', 'cricket+cni', 'containerd', 'containerd+crun'] as const;
export type PrivateName = (typeof privateNames)[number];

export type EndpointWish =
  | { readonly kind: 'private'; readonly name: PrivateName }
  | { readonly kind: 'running'; readonly name: string; readonly endpoint: string };

export interface Options {
  readonly endpoints: readonly EndpointWish[];
  /** Pods that run while calls are measured; memory and start are measured with twice as many too. */
  readonly pods: number;
  /** Samples of each call from each daemon. */
  readonly rounds: number;
  readonly phases: ReadonlySet<Phase>;
  /** Unwritten MiB in the 20 containers of the removal phase, together. */
  readonly dirtyMib: number;
  /** How long the stats phase looks at a daemon that nobody asks. */
  readonly idleSeconds: number;
  readonly json: string | undefined;
  /** A document whose marked part becomes the tables. */
  readonly doc: string | undefined;
}

/** Errors: a plain Error with one line for whoever typed it. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      endpoint: { type: 'string', multiple: true, default: ['cricket', 'containerd'] },
      pods: { type: 'string', default: '50' },
      rounds: { type: 'string', default: '40' },
      only: { type: 'string', multiple: true, default: [] },
      'dirty-mib': { type: 'string', default: '1024' },
      'idle-seconds': { type: 'string', default: '300' },
      json: { type: 'string' },
      doc: { type: 'string' },
    },
  });
  const named = [...values.only, ...positionals];
  const endpoints = values.endpoint.map(parseEndpoint);
  const names = endpoints.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new Error(`--endpoint: names must differ: ${names.join(', ')}`);
  return {
    endpoints,
    pods: wholeNumber('pods', values.pods),
    rounds: wholeNumber('rounds', values.rounds),
    phases: new Set(named.length === 0 ? phases.filter(isUsual) : named.map(parsePhase)),
    dirtyMib: wholeNumber('dirty-mib', values['dirty-mib']),
    idleSeconds: wholeNumber('idle-seconds', values['idle-seconds']),
    json: values.json,
    doc: values.doc,
  };
}

function parseEndpoint(text: string): EndpointWish {
  const ours = privateNames.find((name) => name === text);
  if (ours !== undefined) return { kind: 'private', name: ours };
  const { name, endpoint } = /^(?<name>[a-z0-9.+-]+)=(?<endpoint>unix:\/\/\/.+)$/i.exec(text)?.groups ?? {};
  if (name === undefined || endpoint === undefined)
    throw new Error(`--endpoint ${text}: must be NAME=unix:///path, or one of ${privateNames.join(', ')}`);
  return { kind: 'running', name, endpoint };
}

function parsePhase(text: string): Phase {
  const phase = phases.find((name) => name === text);
  if (phase === undefined) throw new Error(`phase ${text}: must be one of ${phases.join(', ')}`);
  return phase;
}

function wholeNumber(flag: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`--${flag} ${text}: must be a whole number from 1 to 99999`);
  return Number(text);
}
