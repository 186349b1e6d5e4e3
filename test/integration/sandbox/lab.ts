import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { statusOf } from '../../../hack/lib/cri-client.ts';
import { ociArchive } from '../../../hack/lib/oci/archive.ts';
import { ownImages } from '../../fixtures/images/catalogue.ts';
import { imageInputs } from '../../fixtures/images/inputs.ts';
import { entries, mounts } from '../../leftovers/kernel.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import type { TestContainer } from '../../fixtures/pods.ts';

/** What a command in a container printed, and its exit code. */
export async function execIn(
  cricket: Cricket,
  container: TestContainer,
  cmd: readonly string[],
  seconds = 20,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const request = { containerId: container.id, cmd, timeout: BigInt(seconds) };
  const answer = await cricket.client.runtime.execSync(request);
  return {
    code: answer.exitCode,
    stdout: Buffer.from(answer.stdout).toString('utf8'),
    stderr: Buffer.from(answer.stderr).toString('utf8'),
  };
}

/** The output of a shell script in the container, without the last newline. Errors: its exit code and stderr. */
export async function sh(cricket: Cricket, container: TestContainer, script: string): Promise<string> {
  const { code, stdout, stderr } = await execIn(cricket, container, ['sh', '-c', script]);
  if (code !== 0) throw new Error(`${script}: exit code ${code}: ${stdout}${stderr}`);
  return stdout.replace(/\n$/, '');
}

/** The call fails with this code, and its message says `text`. */
export async function fails(call: Promise<unknown>, code: keyof typeof status, text: RegExp | string): Promise<string> {
  const thrown = await call.then(
    (answer) => expect.fail(`the call succeeded: ${Object.values(answer as object).join()}`),
    (error: unknown) => error,
  );
  const told = statusOf(thrown);
  if (told === undefined) throw thrown;
  expect(`${status[told.code] ?? ''}: ${told.message}`).to.match(new RegExp(`^${code}: `));
  if (typeof text === 'string') expect(told.message).to.contain(text);
  else expect(told.message).to.match(text);
  return told.message;
}

/** Pid of a container's first process, from its verbose status, once it is its program. */
export async function initPid(cricket: Cricket, { id }: TestContainer): Promise<number> {
  const { info } = await cricket.client.runtime.containerStatus({ containerId: id, verbose: true });
  const { pid } = JSON.parse(info['info'] ?? '') as { readonly pid: number };
  // It is started when the runtime lets go of it, and the runtime's own for a moment then; one that waits stays so.
  for (let tries = 0; tries < 200 && isRuntime(pid); tries++) await delay(5);
  return pid;
}

function isRuntime(pid: number): boolean {
  try {
    return /^\/(proc|memfd:)|\b(crun|runc)\b/.test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return false;
  }
}

/** `net:[4026531840]` of a process; of the host without a pid. */
export const namespaceOf = (kind: string, pid: number | 'self' = 'self') => readlinkSync(`/proc/${pid}/ns/${kind}`);

/** The first of these files of a cgroup that is there, over all hierarchies: v1's name first, then v2's. */
export function cgroupFile(group: string, ...names: readonly string[]): string {
  const trees = mounts().filter(({ type }) => type.startsWith('cgroup'));
  const files = names.flatMap((name) => trees.map(({ point }) => join(point, group, name)));
  const file = files.find((path) => existsSync(path));
  if (file === undefined) throw new Error(`cgroup ${group} has none of ${names.join(', ')}`);
  return readFileSync(file, 'utf8').trim();
}

/** Pids of processes in the cgroup or below it, in any hierarchy. */
export function processesBelow(group: string): number[] {
  return entries('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || isZombie(name)) return [];
    const groups = readQuietly(`/proc/${name}/cgroup`).split('\n');
    const inside = groups.some((line) =>
      line
        .replace(/^\d+:[^:]*:/, '')
        .concat('/')
        .startsWith(`${group}/`),
    );
    return inside ? [Number(name)] : [];
  });
}

/** A line of /proc/PID/status. */
export function procStatus(pid: number, key: string): string {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
}

const isZombie = (pid: string): boolean => / [ZX] /.test(readQuietly(`/proc/${pid}/stat`).replace(/\(.*\)/s, ''));

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Puts one of the test images into the daemon's store; answers its reference. */
export async function importOwnImage(cricket: Cricket, name: string): Promise<string> {
  const found = ownImages(imageInputs()).find(({ names }) => names.includes(name));
  if (found === undefined) throw new Error(`there is no test image ${name}`);
  const reference = `docker.io/${name}`;
  await cricket.importImage(ociArchive(found.image, reference));
  return reference;
}
