import type { LinkRunner } from '../../linux/netlink/calls.ts';
import { watchRules } from '../../linux/netlink/rule-monitor.ts';
import { openBuiltInNetwork } from '../../sandbox/network/built-in.ts';
import { NetworkChoice, isBuiltInChosen } from '../../sandbox/network/choice.ts';
import { openCniNetwork } from '../../sandbox/network/cni/network.ts';
import type { NodeNetwork } from '../../sandbox/network/network.ts';
import { openHostPorts } from '../../sandbox/network/ports/open.ts';
import type { Parts } from '../../sandbox/parts.ts';
import type { Given } from './given.ts';

/** The networks of pods by the configuration. */
export async function openNetwork(
  given: Given,
  parts: Pick<Parts, 'instance' | 'podCalls' | 'watcher'>,
): Promise<NodeNetwork> {
  const { config, log } = given;
  const { mode, bridge, mtu, ranges, ipv6Range, reachable, acceptForward, annotations } = config.network;
  const links: LinkRunner = async (call, argument, signal) => parts.podCalls.call(call, argument, signal);
  const common = { instance: parts.instance, root: config.root, log, links };
  const made: { choice?: NetworkChoice } = {};
  const ports = await openHostPorts(common);
  const onChange = () => made.choice?.configurationChanged();
  const cni = await openCniNetwork({ ...cniOptions(given, parts), ports, onChange });
  const builtIn = await openBuiltInNetwork({
    ...common,
    ...{ ranges, ipv6Range, reachable, acceptForward, ports, reach: given.reach },
    ...(bridge === '' ? {} : { bridge }),
    ...(mtu === 0 ? {} : { mtu }),
    watchRules: (onChange) => watchRules(parts.watcher, onChange),
    isWanted: () => isBuiltInChosen(mode, cni.current.exists),
  });
  made.choice = new NetworkChoice({ mode, builtIn, cni, annotations, log });
  return made.choice;
}

function cniOptions({ config, environment, log, metrics, reach }: Given, { watcher }: Pick<Parts, 'watcher'>) {
  const { mode, cniConfDir, cniBinDirs, cniPluginTimeoutSeconds } = config.network;
  return {
    directory: mode === 'built-in' ? '' : cniConfDir,
    ...{ root: config.root, state: config.state, binDirs: cniBinDirs, timeoutMs: cniPluginTimeoutSeconds * 1000 },
    environment: pluginEnvironment(environment),
    series: metrics.cni,
    ...{ watcher, log, reach },
  };
}

/** Ours, as every runtime gives its own to plugins, but for what is said to this process alone. */
function pluginEnvironment(environment: Given['environment']): readonly string[] {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const own = /^(NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|NODE_|CRICKET_|CNI_|PATH$)/;
  const passed = Object.entries(environment).filter(([name, value]) => value !== undefined && !own.test(name));
  return [`PATH=${environment['PATH'] ?? path}`, ...passed.map(([name, value]) => `${name}=${value ?? ''}`)];
}
