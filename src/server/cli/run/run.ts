import { writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { CricketError, fail } from '../../../base/errors.ts';
import { controlSocket } from '../../config/paths.ts';
import { callControl } from '../../control/client.ts';
import { runAnswer, runPath } from '../../control/containers/run.ts';
import type { RunWish } from '../../control/containers/run-order.ts';
import type { EndFrame } from '../../control/session/answers.ts';
import { frame, frameTypes } from '../../control/session/frames.ts';
import { pullImage } from '../images/pull.ts';
import { loadSettings } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import { json } from '../terminal.ts';
import type { RunFlags } from './flags.ts';
import { bytesOf, envFileOf, envOf, labelsOf, mountOf, networkOf, numberOf, portsOf } from './parse.ts';
import { refuseFlags } from './refused.ts';
import { holdSession, terminalSize } from './session.ts';

/** `cricket run`: answers the exit code of the container's program; 0 for one that goes on without us. */
export async function run(
  [image, ...command]: readonly string[],
  flags: RunFlags,
  terminal: Terminal,
): Promise<number> {
  const order = await orderOf(image ?? '', command, flags, terminal);
  const socket = controlSocket(await loadSettings(flags));
  if (flags.pull === 'always') await pullFor(order.image, flags, terminal);
  try {
    return await begin(socket, order, flags, terminal);
  } catch (error) {
    const absent = error instanceof CricketError && error.code === 'not_found' && / is not here; /.test(error.message);
    if (!absent || flags.pull !== 'missing') throw error;
    await pullFor(order.image, flags, terminal);
    return begin(socket, order, flags, terminal);
  }
}

async function begin(socket: string, order: RunWish, flags: RunFlags, terminal: Terminal): Promise<number> {
  if (order.detach === true) {
    const body = new PassThrough().end(frame(frameTypes.order, order));
    const call = { socket, method: 'POST', path: runPath, query: {}, body } as const;
    const made = runAnswer.parse(await callControl(call, terminal.signal));
    if (flags.cidfile !== undefined) await writeFile(flags.cidfile, made.id, { flag: 'wx' });
    terminal.out(flags.format === 'json' ? json(made) : `${made.id}\n`);
    return 0;
  }
  const wish = { socket, path: runPath, order, stdin: order.stdin === true, passSignals: true };
  return codeOf(await holdSession(wish), terminal);
}

/** Errors: `unknown` with what the daemon said. */
export function codeOf(end: EndFrame, terminal: Pick<Terminal, 'err'>): number {
  if (end.how === 'exited') return end.code;
  if (end.how === 'failed') throw fail('unknown', end.message);
  terminal.err('cricket: detached; it runs on\n');
  return 0;
}

/** On standard error: standard output is the container's. */
async function pullFor(image: string, flags: RunFlags, terminal: Terminal): Promise<void> {
  if (terminal.screen === undefined) terminal.err(`cricket: pulling ${image}\n`);
  await pullImage(image, flags, { ...terminal, out: terminal.err });
}

async function orderOf(
  image: string,
  command: readonly string[],
  flags: RunFlags,
  { environment }: Terminal,
): Promise<RunWish> {
  refuseFlags({ ...flags });
  if (flags.interactive && flags.tty && !flags.detach && !process.stdin.isTTY)
    throw fail('invalid_argument', 'standard input is no terminal; leave -t out');
  if (flags.cidfile !== undefined && !flags.detach)
    throw fail('invalid_argument', '--cidfile is for containers that are detached: add -d');
  const fromFiles = await Promise.all(flags.envFile.map(envFileOf));
  const { memory, memorySwap, cpus, pidsLimit } = flags;
  return {
    ...{ image, command: [...command], name: flags.name ?? '', entrypoint: flags.entrypoint ?? null },
    env: envOf([...fromFiles.flat(), ...flags.env], environment),
    ...{ workdir: flags.workdir ?? '', user: flags.user ?? '', hostname: flags.hostname ?? '' },
    ...{ labels: labelsOf(flags.label), mounts: flags.volume.map(mountOf), ports: flags.publish.flatMap(portsOf) },
    ...{ dns: [...flags.dns], network: networkOf(flags.network), readOnly: flags.readOnly },
    ...{ privileged: flags.privileged, capAdd: [...flags.capAdd], capDrop: [...flags.capDrop] },
    stopSignal: flags.stopSignal ?? '',
    memoryBytes: memory === undefined ? 0 : bytesOf('--memory', memory),
    memorySwapBytes: memorySwap === undefined ? 0 : memorySwap === '-1' ? -1 : bytesOf('--memory-swap', memorySwap),
    cpus: cpus === undefined ? 0 : numberOf('--cpus', cpus, 'give how many, such as 1.5'),
    pidsLimit: pidsLimit === undefined ? 0 : numberOf('--pids-limit', pidsLimit, 'give a number of tasks'),
    ...{ tty: flags.tty, stdin: flags.interactive, detach: flags.detach, removeAtEnd: flags.rm },
    size: flags.tty ? terminalSize() : null,
  };
}
