import { BlockList, isIP } from 'node:net';
import { fail } from '../../base/errors.ts';
import { isLoopback } from './loopback.ts';

/** Which requests go through a proxy, and which one: as everything else on a node reads it (Go's httpproxy package). */
export interface Proxies {
  /** What Node's agents are given: HTTP_PROXY and HTTPS_PROXY as addresses. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether a request goes to its host itself. No proxy can reach the loopback of this machine. */
  isDirect(url: URL): boolean;
}

type Rule = (host: string, port: string) => boolean;

/** Reads the variables in either case, the lower one first. Errors: `failed_precondition` for a proxy of another kind. */
export function proxiesOf(env: NodeJS.ProcessEnv): Proxies {
  const rules = valueOf(env, 'NO_PROXY')
    .split(',')
    .map((text) => text.trim().toLowerCase())
    .filter((text) => text !== '')
    .map(ruleOf);
  return {
    env: { ...addressOf(env, 'HTTP_PROXY'), ...addressOf(env, 'HTTPS_PROXY') },
    isDirect({ hostname, port, protocol }) {
      const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
      const settled = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
      return isLoopback(hostname) || rules.some((rule) => rule(host, settled));
    },
  };
}

/** Of the name in lower case, else of the name; '' where neither says anything. */
const valueOf = (env: NodeJS.ProcessEnv, name: string): string =>
  [env[name.toLowerCase()], env[name]].find((value) => value !== undefined && value !== '') ?? '';

function addressOf(env: NodeJS.ProcessEnv, name: string): NodeJS.ProcessEnv {
  const text = valueOf(env, name);
  if (text === '') return {};
  const address = text.includes('://') ? text : `http://${text}`;
  const protocol = URL.parse(address)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:')
    // Not what stands there: it may hold a password.
    throw fail('failed_precondition', `${name} is no address of an http or https proxy, such as http://proxy:3128`);
  return { [name]: address };
}

/**
 * `*` is every host; `10.0.0.0/8` the addresses in it; an address itself; `example.com` that name and all below it;
 * `.example.com` and `*.example.com` those below it only. A port may follow all but the first two.
 */
function ruleOf(text: string): Rule {
  if (text === '*') return () => true;
  const [network = '', prefix = ''] = text.split('/');
  const kind = isIP(network);
  if (kind !== 0 && /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= (kind === 4 ? 32 : 128)) {
    const list = new BlockList();
    list.addSubnet(network, Number(prefix), kind === 4 ? 'ipv4' : 'ipv6');
    return (host) => isIP(host) === kind && list.check(host, kind === 4 ? 'ipv4' : 'ipv6');
  }
  const [, name = '', port] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]+))?$/.exec(text) ?? [undefined, text];
  const plain = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  const fits = (host: string) =>
    plain.startsWith('.') ? host.endsWith(plain) : host === plain || (isIP(host) === 0 && host.endsWith(`.${plain}`));
  return (host, itsPort) => plain !== '' && fits(host) && (port === undefined || port === itsPort);
}
