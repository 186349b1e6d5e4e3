import { readFileSync } from 'node:fs';
import { insideEachNetns } from './setns.ts';

/** Of one network interface since it was made, as its own namespace counts. */
export interface InterfaceCounters {
  readonly name: string;
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  readonly rxDropped: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}

/**
 * The interfaces of each namespace but its loopback; undefined where the namespace is gone. For a Worker's thread only,
 * see insideNetns. A descriptor held of net/dev would spare the way there, but it keeps the namespace alive, and with it
 * the links and addresses of a pod that is gone; a netlink dump takes the rtnl lock.
 */
export function readInterfaceCounters(
  namespaces: readonly string[],
): readonly (readonly InterfaceCounters[] | undefined)[] {
  return insideEachNetns(namespaces, () => parseInterfaces(readFileSync('/proc/thread-self/net/dev', 'latin1')));
}

/** proc_pid_net(5): two lines of heading, then `name: ` and eight numbers received, eight sent. */
export function parseInterfaces(text: string): readonly InterfaceCounters[] {
  const lines = text.split('\n').slice(2);
  return lines.flatMap((line) => {
    const colon = line.lastIndexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    if (name === '' || name === 'lo') return [];
    const numbers = line
      .slice(colon + 1)
      .trim()
      .split(/ +/);
    const at = (index: number) => BigInt(numbers[index] ?? 0);
    return [
      {
        ...{ name, rxBytes: at(0), rxPackets: at(1), rxErrors: at(2), rxDropped: at(3) },
        ...{ txBytes: at(8), txPackets: at(9), txErrors: at(10), txDropped: at(11) },
      },
    ];
  });
}
