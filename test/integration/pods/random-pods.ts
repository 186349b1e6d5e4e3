import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { OciSpec } from '../../../src/sandbox/oci/spec/oci.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, eventually, podStatus, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import { initPid } from '../sandbox/lab.ts';
import type { Draft, FieldGroup, Place, Seen } from './field-group.ts';
import { cdiDirectory, deviceFields } from './fields/devices.ts';
import { mountFields } from './fields/mounts.ts';
import { processFields } from './fields/process.ts';
import { resourceFields } from './fields/resources.ts';
import { sandboxFields } from './fields/sandbox.ts';
import { securityFields } from './fields/security.ts';

/** Each looks after fields of its own; a new one is added here. */
const groups = [
  sandboxFields,
  securityFields,
  processFields,
  resourceFields,
  mountFields,
  deviceFields,
] as unknown as readonly FieldGroup<unknown>[];

/** The daemon, and a directory whose paths pods may name. */
export interface Lab {
  readonly cricket: Cricket;
  readonly place: Place;
  readonly stop: () => Promise<void>;
}

export async function openLab(): Promise<Lab> {
  const parent = mkdtempSync(join(tmpdir(), 'cricket-pods-'));
  const dir = join(parent, 'shared');
  mkdirSync(dir);
  // Propagation to the host needs a shared mount.
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]);
  execFileSync('mount', ['--make-shared', dir]);
  const config = `containers.annotations = ["cricket/ulimits"]\ncdi.spec_dirs = ["${cdiDirectory(dir)}"]`;
  const cricket = await startCricket({ config });
  return {
    cricket,
    place: { dir, cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1 },
    stop: async () => {
      await cricket.stop();
      execFileSync('umount', [dir]);
      rmSync(parent, { recursive: true });
    },
  };
}

/** Against hanging only: a machine in emulation takes ten seconds for a pod, and a failure is tried fifty times. */
export const limitMs = (pods: number) => 600_000 + pods * 15_000;

/**
 * Pods of random fields: what is seen of each is what it was asked to be, and nothing of it stays. CRICKET_TEST_SEED makes
 * the same ones again; one that fails is made smaller first.
 */
export async function tryRandomPods({ place, cricket }: Lab, pods: number): Promise<void> {
  const seed = Number(process.env['CRICKET_TEST_SEED'] ?? randomInt(2 ** 31));
  console.log(`      CRICKET_TEST_SEED=${seed}`);
  const wishes = fc.tuple(...groups.map((group) => group.wishes(place)));
  let failures = 0;
  const property = fc.asyncProperty(wishes, async (all) =>
    tryPod({ place, cricket }, all).catch((error: unknown) => {
      // What becomes smaller takes long in emulation; nobody shall wait for its end to know of it.
      if (failures++ === 0) console.log(`      one failed, and is made smaller: ${String(error)}`);
      throw error;
    }),
  );
  await fc.assert(property, {
    seed,
    numRuns: pods,
    interruptAfterTimeLimit: limitMs(pods),
    markInterruptAsFailure: true,
  });
}

type Subject = Pick<Lab, 'cricket' | 'place'>;

async function tryPod({ place, cricket }: Subject, wishes: readonly unknown[]): Promise<void> {
  const empty: Draft = { pod: { name: 'p' }, container: { name: 'c' } };
  const draft = groups.reduce((made, group, index) => group.put(made, wishes[index]), empty);
  try {
    const seen = await runDraft({ place, cricket }, draft);
    for (const [index, group] of groups.entries()) await group.check(seen, wishes[index]);
    await removePod(cricket, seen.container.pod.id);
  } catch (error) {
    await cricket.removePods();
    throw error;
  }
  expect(await cricket.left()).to.deep.equal([]);
}

async function runDraft({ place, cricket }: Subject, draft: Draft): Promise<Seen> {
  const pod = await runPod(cricket, draft.pod);
  const container = await runContainer(cricket, pod, draft.container);
  const pid = await initPid(cricket, container);
  // Between the runtime's word and its exec there is a moment.
  await eventually(() => expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).to.contain('sleep 3600'));
  const spec = JSON.parse(
    readFileSync(join(cricket.state, 'containers', container.id, 'config.json'), 'utf8'),
  ) as OciSpec;
  return {
    ...{ cricket, draft, container, pid, spec, place },
    status: await containerStatus(cricket, container.id),
    podStatus: await podStatus(cricket, pod.id),
    cgroup: cricket.containerCgroup(pod.id, container.id),
  };
}
