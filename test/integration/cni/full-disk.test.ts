import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { status } from '@grpc/grpc-js';
import { statusOf } from '../../../hack/lib/cri-client.ts';
import { Cricket } from '../../fixtures/daemon.ts';
import { podStatus, removePod, runPod } from '../../fixtures/pods.ts';
import { CniLab } from './lab.ts';

const page = 4096;
/** More than a pod writes: with so much room it succeeds. */
const enough = 16;

/** A file system in memory of two megabytes, where a file takes as many pages as it needs and a directory none. */
class SmallDisk {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0711', 'cricket-test', path]);
  }

  get #filler(): string {
    return join(this.#path, 'filler');
  }

  /** Leaves room for so many pages. */
  fill(left: number): void {
    this.clear();
    const free = statfsSync(this.#path).bfree;
    writeFileSync(this.#filler, Buffer.alloc(free * page, 'x'));
    expect(statfsSync(this.#path).bfree, 'pages left').to.equal(0);
    truncateSync(this.#filler, (free - left) * page);
  }

  clear(): void {
    rmSync(this.#filler, { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.#path]);
  }
}

describe('a full disk on a CNI network', function () {
  this.timeout(60_000);
  const lab = new CniLab();
  let cricket: Cricket;
  let disks: Record<'root' | 'state' | 'taken', SmallDisk>;
  before(async () => {
    const portmap = { type: 'portmap', capabilities: { portMappings: true } };
    lab.write('10-test.conflist', lab.chain([lab.bridgePlugin(), portmap]));
    cricket = new Cricket({ network: lab.network('cni') });
    const taken = join(lab.dir, 'taken');
    disks = { root: new SmallDisk(cricket.root), state: new SmallDisk(cricket.state), taken: new SmallDisk(taken) };
    await lab.serve(cricket);
  });
  after(async () => {
    await cricket.removePods();
    await cricket.sigterm();
    const { instance } = cricket;
    for (const disk of Object.values(disks)) disk.unmount();
    writeFileSync(join(cricket.root, 'instance'), instance);
    await lab.stop();
  });
  afterEach(() => {
    for (const disk of Object.values(disks)) disk.clear();
  });

  /** What it was told, in full; undefined: it was made, and is removed again. */
  async function attempt(name: string): Promise<string | undefined> {
    try {
      await removePod(cricket, (await runPod(cricket, { name, ports: [{ hostPort: 28_767, containerPort: 80 }] })).id);
      return undefined;
    } catch (error) {
      const told = statusOf(error);
      if (told === undefined) throw error;
      return `${status[told.code] ?? ''}: ${told.message}`;
    }
  }

  /** With room for no page, for one, and so on: wherever the room ends, all is undone; then a pod is made as ever. */
  async function sweep(disk: keyof typeof disks): Promise<readonly string[]> {
    const refusals: string[] = [];
    for (let left = 0; left < enough; left += 1) {
      disks[disk].fill(left);
      const told = await attempt(`${disk}-${left}`);
      if (told !== undefined) refusals.push(told);
      expect((await cricket.client.runtime.listPodSandbox()).items, `with ${left} pages`).to.deep.equal([]);
      await lab.expectNothingLeft();
      if (told === undefined && left > 0) break;
    }
    expect(refusals).to.not.deep.equal([]);
    expect(refusals.length, 'at last there was room enough').to.be.lessThan(enough);
    disks[disk].clear();
    expect(await attempt('with-room')).to.equal(undefined);
    await lab.expectNothingLeft();
    return refusals;
  }

  it('of the records: wherever the room ends the pod fails clearly, nothing leaks, and it works with room', async () => {
    for (const told of await sweep('root')) expect(told).to.match(/^RESOURCE_EXHAUSTED: .*free space/);
  });

  it('of run-time files: no plugin runs that the next daemon would not know of', async () => {
    for (const told of await sweep('state')) expect(told).to.match(/^RESOURCE_EXHAUSTED: .*free space/);
  });

  it('of the plugin that gives addresses: its own words are told', async () => {
    for (const told of await sweep('taken')) expect(told).to.match(/^UNKNOWN: .*bridge, ADD: .*no space left/);
  });

  it('lets pods be stopped and removed, and their addresses come back', async () => {
    const pod = await runPod(cricket, { name: 'before' });
    expect((await podStatus(cricket, pod.id)).network?.ip).to.equal(lab.taken()[0]);
    for (const disk of Object.values(disks)) disk.fill(0);
    await removePod(cricket, pod.id);
    await lab.expectNothingLeft();
  });
});
