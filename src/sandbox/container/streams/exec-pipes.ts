import { closeQuietly, emptyInput, giveTo, makePipe, writablePipe } from '../../../linux/fds.ts';
import { spawnExec } from '../../oci/runtime.ts';
import type { Parts } from '../../parts.ts';
import { drain } from './drain.ts';
import { pipeOutput } from './process-output.ts';
import type { ExecStart, StartedExec } from './started-exec.ts';

/** Without a terminal: three pipes, straight on libuv. */
export async function startOnPipes(
  { watcher }: Pick<Parts, 'watcher'>,
  { runtime, id, group, owner, wanted }: ExecStart,
): Promise<StartedExec> {
  const input = wanted.stdin ? makePipe() : undefined;
  const [out, err] = [makePipe(), makePipe()];
  const theirs = [input?.read ?? emptyInput(), out.write, err.write];
  const fds = new Map(theirs.entries());
  const { name, processFile } = group;
  let child;
  try {
    giveTo(owner, theirs);
    child = spawnExec(watcher, runtime, { id, processFile, cgroup: name, fds, consoleSocket: undefined });
  } catch (error) {
    [out.read, err.read, ...(input === undefined ? [] : [input.write])].forEach(closeQuietly);
    throw error;
  } finally {
    theirs.forEach(closeQuietly);
  }
  const stdin = input === undefined ? undefined : writablePipe(input.write);
  // A program that ends without reading its input is no error of ours; its exit code tells.
  stdin?.on('error', () => undefined);
  const [stdout, stderr] = [pipeOutput(out.read), pipeOutput(err.read)];
  if (!wanted.stdout) stdout.destroy();
  if (!wanted.stderr) stderr.destroy();
  return {
    child,
    session: {
      stdin,
      stdout: wanted.stdout ? stdout : undefined,
      stderr: wanted.stderr ? stderr : undefined,
      resize: () => undefined,
    },
    hangUp() {
      stdin?.end();
      stdout.destroy();
      stderr.destroy();
    },
    detached: new Promise<void>(() => undefined),
    async finish() {
      stdin?.destroy();
      await drain([stdout, stderr]);
      return { stdout: stdout.head, stderr: stderr.head };
    },
  };
}
