import { openSync } from 'node:fs';
import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { waitFor } from '../../../base/abort.ts';
import { fail } from '../../../base/errors.ts';
import { ConsoleSocket } from '../../../linux/console-socket.ts';
import { closeQuietly, duplicate, giveTo, makePipe } from '../../../linux/fds.ts';
import { signalPidfd } from '../../../linux/pidfd.ts';
import type { Child } from '../../../linux/process.ts';
import { openTerminal, resizeTerminal, terminalStream } from '../../../linux/terminal.ts';
import { execFailure } from '../../oci/exec-failure.ts';
import { cleanRuntimeMessage, sendsTerminal, spawnExec } from '../../oci/runtime.ts';
import type { Parts } from '../../parts.ts';
import { drain } from './drain.ts';
import { pipeOutput, terminalOutput } from './process-output.ts';
import type { ProcessOutput } from './process-output.ts';
import type { ExecStart, StartedExec } from './started-exec.ts';
import { TerminalInput } from './terminal-input.ts';

/** With a terminal. */
export async function startOnTerminal(
  parts: Pick<Parts, 'paths' | 'settings' | 'watcher'>,
  start: ExecStart,
  signal: AbortSignal,
): Promise<StartedExec> {
  return sendsTerminal(start.runtime) ? startOnSentTerminal(parts, start, signal) : startOnOwnTerminal(parts, start);
}

/** One of ours, which the runtime joins with the one that it makes in the container. */
function startOnOwnTerminal(
  { watcher, settings }: Pick<Parts, 'settings' | 'watcher'>,
  { runtime, id, group, owner, wanted }: ExecStart,
): StartedExec {
  const { master, slave } = openTerminal();
  const fds = new Map([0, 1, 2].map((fd) => [fd, slave]));
  const { name, processFile } = group;
  let child: Child;
  try {
    giveTo(owner, [slave]);
    child = spawnExec(watcher, runtime, { id, processFile, cgroup: name, fds, consoleSocket: undefined });
  } catch (error) {
    closeQuietly(master);
    throw error;
  } finally {
    closeQuietly(slave);
  }
  const started = onTerminal(child, { master, said: undefined, wanted, detachKeys: settings.detachKeys });
  let over = false;
  void child.ended.then(() => (over = true));
  // It passes signals on to the program, but for the one that says that its own terminal has another size.
  const tell = (signal: number) => over || signalPidfd(child.pidfd, signal);
  const { resize } = started.session;
  return {
    ...started,
    session: {
      ...started.session,
      resize(width, height) {
        resize(width, height);
        tell(constants.signals.SIGWINCH);
      },
    },
    hangUp() {
      started.hangUp();
      tell(constants.signals.SIGHUP);
    },
  };
}

/** The OCI runtime makes it in the container's own devpts and sends us the master of. */
async function startOnSentTerminal(
  { watcher, settings, paths }: Pick<Parts, 'paths' | 'settings' | 'watcher'>,
  { runtime, id, group, wanted }: ExecStart,
  signal: AbortSignal,
): Promise<StartedExec> {
  const { name, processFile } = group;
  using console = new ConsoleSocket(watcher, paths.container(id).bundle, name);
  const { child, said } = spawnTalking((fds) =>
    spawnExec(watcher, runtime, { id, processFile, cgroup: name, fds, consoleSocket: console.path }),
  );
  // One that is quick to end has sent its terminal before.
  const atItsEnd = child.ended.then(() => console.take());
  const sent = Promise.race([console.receive(), atItsEnd]);
  const master = await waitFor(sent, signal).catch((error: unknown) => {
    void group.killUntil(child.ended);
    void sent.then((late) => late === undefined || closeQuietly(late)).catch(() => undefined);
    throw error;
  });
  if (master === undefined) return await neverStarted(child, said);
  return onTerminal(child, { master, said, wanted, detachKeys: settings.detachKeys });
}

/** The runtime's own messages, which do not go to the terminal. */
function spawnTalking(start: (fds: ReadonlyMap<number, number>) => Child) {
  const nothing = openSync('/dev/null', 'r+');
  const pipe = makePipe();
  const theirs = [nothing, nothing, pipe.write];
  try {
    const child = start(new Map(theirs.entries()));
    return { child, said: pipeOutput(pipe.read) };
  } catch (error) {
    closeQuietly(pipe.read);
    throw error;
  } finally {
    new Set(theirs).forEach(closeQuietly);
  }
}

/** The runtime ended before there was a terminal. Errors: unless it was the program's fault. */
async function neverStarted(child: Child, said: ProcessOutput): Promise<StartedExec> {
  const ending = await child.ended;
  said.resume();
  await drain([said]);
  const printed = { stdout: Buffer.alloc(0), stderr: said.head };
  const message = cleanRuntimeMessage(said.head.toString('utf8'));
  if (execFailure({ ending, ...printed, cut: false }) === undefined)
    throw fail('unknown', `the command could not be started: ${message || 'the OCI runtime said nothing'}`);
  return {
    child,
    session: { stdin: undefined, stdout: Readable.from([line(message)]), stderr: undefined, resize: () => undefined },
    hangUp: () => undefined,
    detached: new Promise<void>(() => undefined),
    finish: () => Promise.resolve(printed),
  };
}

const line = (text: string) => Buffer.from(`${text}\r\n`);

interface OnTerminal {
  readonly master: number;
  /** What the runtime says elsewhere than on the terminal. */
  readonly said: ProcessOutput | undefined;
  readonly wanted: ExecStart['wanted'];
  readonly detachKeys: Uint8Array;
}

function onTerminal(child: Child, { master, said, wanted, detachKeys }: OnTerminal): StartedExec {
  // Held until the program ends: one that closes its terminal, to open it again, would be hung up otherwise.
  let control: number | undefined = duplicate(master, 3);
  const letGo = () => {
    if (control !== undefined) closeQuietly(control);
    control = undefined;
  };
  const terminal = terminalStream(master);
  const stdout = terminalOutput(terminal);
  if (!wanted.stdout) stdout.destroy();
  const detached = Promise.withResolvers<void>();
  const onDetach = () => {
    stdout.finish();
    detached.resolve();
  };
  // What cannot be typed any more is no error: the end of the program tells.
  const write = (chunk: Buffer, done: () => void) => void terminal.write(chunk, () => done());
  const stdin = wanted.stdin ? new TerminalInput({ detachKeys, write, onDetach }) : undefined;
  said?.resume();
  return {
    child,
    session: {
      stdin,
      stdout: wanted.stdout ? stdout : undefined,
      stderr: undefined,
      resize(width, height) {
        if (control !== undefined) resizeTerminal(control, width, height);
      },
    },
    hangUp() {
      stdin?.destroy();
      stdout.destroy();
      terminal.destroy();
      letGo();
    },
    detached: detached.promise,
    async finish() {
      await drain(said === undefined ? [stdout] : [said, stdout]);
      terminal.destroy();
      stdin?.destroy();
      letGo();
      // The runtime says on the terminal, in colours, what it has to say of a program that cannot be run.
      return { stdout: said?.head ?? Buffer.alloc(0), stderr: stdout.head };
    },
  };
}
