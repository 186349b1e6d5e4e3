import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTable } from '../../linux/nftables.ts';
import { ForwardGuard } from './firewalls/forward.ts';
import { bridgeName, linkPrefix, tableName } from './names.ts';
import type { BuiltInOptions } from './open.ts';
import { openNetworkState } from './state.ts';

/**
 * Takes away everything an instance has in the kernel's network, and its records: for uninstalling, when no daemon of
 * this instance runs. Pods that still run lose their network. Forwarding is turned off if the instance turned it on.
 */
export async function removeBuiltInNetwork(
  options: Pick<BuiltInOptions, 'instance' | 'root' | 'bridge' | 'links' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const { instance, links } = options;
  const directory = join(options.root, 'network');
  const survey = await links('surveyLinks', undefined, signal);
  const names = survey.links.map((link) => link.name).filter((name) => name.startsWith(linkPrefix(instance)));
  await links('removeLinks', [...names, options.bridge ?? bridgeName(instance)], signal);
  const { forwardingWasOff, forwarding6WasOff } = (await openNetworkState(directory, options.log)).value;
  if (forwardingWasOff) await links('setForwarding', false, signal);
  if (forwarding6WasOff) await links('setForwarding6', false, signal);
  await new ForwardGuard(instance, options.bridge ?? bridgeName(instance), false).remove();
  for (const family of ['inet', 'ip', 'ip6'] as const) await removeTable({ family, name: tableName(instance) }, signal);
  await rm(directory, { recursive: true, force: true });
}
