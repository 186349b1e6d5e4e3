import { statfs } from 'node:fs/promises';
import { during, fail, messageOf } from '../../../base/errors.ts';
import type { Attachment, Held } from './attachments.ts';
import type { NetworkConfig, PluginConfig } from './config.ts';
import { callPlugin } from './plugin.ts';
import type { CniCommand, PluginRunner } from './plugin.ts';
import { addressesIn } from './result.ts';
import { hasCheck, hasStatusAndGc } from './versions.ts';

/** NSFS_MAGIC of linux/magic.h: what a pinned namespace is a file of. */
const nsfs = 0x6e736673;
/** Milliseconds for what nobody asked for: nobody may wait long behind it. */
const asideMs = 10_000;

/** Runs the plugins in order, each with the result of the one before. @returns the last one's. Errors: the first one's. */
export async function addToNetwork(runner: PluginRunner, held: Attachment, signal: AbortSignal): Promise<unknown> {
  let result: unknown;
  for (const plugin of held.network.plugins) {
    const said = await callFor(runner, held, { command: 'ADD', plugin, result, netns: held.netns }, signal);
    result = parseResult(held, plugin, said);
  }
  try {
    addressesIn(result, held.ifname);
  } catch (error) {
    throw during(`network ${held.network.name}`, error);
  }
  return result;
}

/** An object, with the version that the specification wants in it. */
function parseResult({ network }: Attachment, { type }: PluginConfig, said: string): unknown {
  const about = `network ${network.name}: CNI plugin ${type}, ADD`;
  let raw: unknown;
  try {
    raw = JSON.parse(said);
  } catch (error) {
    throw fail('unknown', `${about}: what it printed is no result, ${messageOf(error)}: ${said.trim().slice(0, 200)}`);
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw fail('unknown', `${about}: what it printed is no result: ${said.trim().slice(0, 200)}`);
  return { cniVersion: network.version, ...raw };
}

/**
 * Undoes ADD, also one that failed half-way, in reverse order; a namespace that is gone is not named. Ends at the first
 * error: what comes before in the chain, addresses above all, stays taken while something still leads there.
 */
export async function deleteFromNetwork(
  runner: PluginRunner,
  { attachment, result }: { readonly attachment: Attachment; readonly result: unknown },
  signal: AbortSignal,
): Promise<void> {
  const netns = (await isNamespace(attachment.netns)) ? attachment.netns : '';
  const prevResult = hasCheck(attachment.network.version) ? result : undefined;
  for (const plugin of attachment.network.plugins.toReversed())
    await callFor(runner, attachment, { command: 'DEL', plugin, result: prevResult, netns }, signal);
}

/** Whether it can be checked: ADD has answered, and configuration and version allow it. */
export const isCheckable = ({ attachment, result }: Held): boolean =>
  attachment !== undefined &&
  result !== undefined &&
  hasCheck(attachment.network.version) &&
  !attachment.network.disableCheck;

/** Asks each plugin whether all is as ADD left it. Errors: the first one's that says no. */
export async function checkOnNetwork(
  runner: PluginRunner,
  { attachment, result }: { readonly attachment: Attachment; readonly result: unknown },
  signal: AbortSignal,
): Promise<void> {
  for (const plugin of attachment.network.plugins)
    await callFor(runner, attachment, { command: 'CHECK', plugin, result, netns: attachment.netns }, signal);
}

/** Whether the plugins can serve ADD; nothing is asked before version 1.1. Errors: the first one's that cannot. */
export async function askStatus(runner: PluginRunner, network: NetworkConfig, signal: AbortSignal): Promise<void> {
  if (!hasStatusAndGc(network.version)) return;
  for (const plugin of network.plugins)
    await callAside(runner, network, { command: 'STATUS', plugin, more: {} }, signal);
}

/** Has every plugin drop what belongs to none of `valid`. @returns the errors, one line each. */
export async function collectGarbage(
  runner: PluginRunner,
  network: NetworkConfig,
  valid: readonly { readonly containerID: string; readonly ifname: string }[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const errors: string[] = [];
  // The second key is what plugins were told before the specification was mended (containernetworking/cni 1101).
  const more = { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid };
  for (const plugin of network.plugins)
    await callAside(runner, network, { command: 'GC', plugin, more }, signal).catch(
      (error: unknown) => void errors.push(messageOf(error)),
    );
  return errors;
}

interface ForPod {
  readonly command: CniCommand;
  readonly plugin: PluginConfig;
  readonly result: unknown;
  readonly netns: string;
}

/** "Deriving request configuration", section 3 of the specification. */
async function callFor(
  runner: PluginRunner,
  { pod, ifname, args, capabilities, network }: Attachment,
  { command, plugin, result, netns }: ForPod,
  signal: AbortSignal,
): Promise<string> {
  const given = plugin.capabilities.filter((name) => capabilities[name] !== undefined);
  const runtimeConfig = Object.fromEntries(given.map((name) => [name, capabilities[name]]));
  const request = {
    ...plugin.raw,
    ...{ cniVersion: network.version, name: network.name },
    ...(given.length === 0 ? {} : { runtimeConfig }),
    ...(result === undefined ? {} : { prevResult: result }),
  };
  const variables = { CNI_CONTAINERID: pod, CNI_NETNS: netns, CNI_IFNAME: ifname, CNI_ARGS: args };
  const timeoutMs = command === 'CHECK' ? Math.min(asideMs, runner.timeoutMs) : runner.timeoutMs;
  const about = { command, type: plugin.type, network: network.name, pod, timeoutMs };
  return callPlugin(runner, { ...about, variables, request }, signal);
}

async function callAside(
  runner: PluginRunner,
  network: NetworkConfig,
  { command, plugin, more }: { readonly command: CniCommand; readonly plugin: PluginConfig; readonly more: object },
  signal: AbortSignal,
): Promise<void> {
  const request = { ...plugin.raw, cniVersion: network.version, name: network.name, ...more };
  const about = { command, type: plugin.type, network: network.name, pod: undefined };
  await callPlugin(
    runner,
    { ...about, variables: {}, request, timeoutMs: Math.min(asideMs, runner.timeoutMs) },
    signal,
  );
}

async function isNamespace(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type === nsfs;
  } catch {
    return false;
  }
}
