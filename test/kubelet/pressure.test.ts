import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { imageSpec } from '../../hack/lib/cri-messages.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { busybox, sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import { events, isReady, kubeletLog, runIn, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const mib = 1 << 20;
const pinned = 'gcr.io/k8s-staging-cri-tools/test-image-1:latest';
const unused = 'gcr.io/k8s-staging-cri-tools/test-image-2:latest';

/** What pods may have here, and how much of it must stay free: for images the disk is a small one of the test's own. */
const podsMib = 600;
const freeMib = 250;
const diskMib = 300;

/** Each no larger than what pods may have less what must stay free. */
const volumes = ['memory', 'more'] as const;

/** KiB that are not for pods: the kubelet watches what is left to them, which nobody else on this machine uses. */
function reservedKib(): number {
  const total = /^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return Number(total) - podsMib * 1024;
}

describe('a real kubelet under pressure', function () {
  this.timeout(150_000);
  let node: TestNode;
  let disk: string;
  before(async function () {
    this.timeout(600_000);
    disk = mkdtempSync(join(tmpdir(), 'cricket-small-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}m`, 'cricket-test', disk]);
    const dir = mkdtempSync(join(tmpdir(), 'cricket-kubelet-'));
    const before_ = process.env['TMPDIR'];
    // The daemon's root is where temporary files are; the kubelet's is not.
    process.env['TMPDIR'] = disk;
    try {
      node = await startNode({
        dir,
        verbosity: 3,
        config: `images.pinned = ["${pinned}"]`,
        kubelet: {
          systemReserved: { memory: `${reservedKib()}Ki` },
          evictionHard: {
            'memory.available': `${freeMib}Mi`,
            'imagefs.available': '100Mi',
            'nodefs.available': '0%',
            'nodefs.inodesFree': '0%',
          },
          evictionPressureTransitionPeriod: '1s',
          imageMinimumGCAge: '1s',
        },
      });
    } finally {
      if (before_ === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before_;
    }
    node.run('eater', eater);
    await ready('eater');
  });
  after(async () => {
    await node[Symbol.asyncDispose]();
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  });

  const eater = staticPod({
    name: 'eater',
    script: sleeping,
    spec: { volumes: volumes.map((name) => ({ name, emptyDir: { medium: 'Memory' } })) },
    container: { volumeMounts: volumes.map((name) => ({ name, mountPath: `/${name}` })) },
  });
  const ready = async (name: string) =>
    eventually(async () => {
      const { pod } = await viewOf(node.kubelet(), name);
      expect(isReady(pod), `${name} is ready`).to.equal(true);
    }, 90_000);
  const inEater = async (script: string) => runIn(node.kubelet(), 'eater', script);
  /** What the kubelet logs from now on. */
  const fromNow = () => {
    const before_ = kubeletLog(node.kubelet()).length;
    return () => kubeletLog(node.kubelet()).slice(before_);
  };
  const relieved = async () => {
    const log = fromNow();
    await eventually(() => expect(log()).to.contain('no resources are starved'), 60_000);
  };
  const images = async () =>
    (await node.cricket.client.image.listImages({})).images.flatMap(({ repoTags }) => repoTags);

  it('is none at first', async () => {
    await relieved();
    expect(kubeletLog(node.kubelet())).not.to.contain('attempting to reclaim');
  });

  it('of memory, while it lasts', async () => {
    const log = fromNow();
    for (const volume of volumes) await inEater(`head -c ${225 * mib} /dev/zero > /${volume}/x`);
    await eventually(() => expect(log()).to.match(/attempting to reclaim" resourceName="memory"/), 60_000);
    await inEater('rm /memory/x /more/x');
    await relieved();
    expect((await viewOf(node.kubelet(), 'eater')).main.restartCount).to.equal(0);
  });

  it('of the disk: what no container uses is collected, what is pinned stays', async () => {
    for (const image of [pinned, unused]) await node.cricket.client.image.pullImage({ image: imageSpec(image) });
    expect(await images()).to.have.members([busybox, pinned, unused]);
    const log = fromNow();
    // By somebody else, as memory would be short too: this disk is in memory.
    writeFileSync(join(disk, 'written'), Buffer.alloc(210 * mib));
    await eventually(() => expect(log()).to.match(/attempting to reclaim" resourceName="ephemeral-storage"/), 60_000);
    await eventually(async () => expect(await images()).to.have.members([busybox, pinned]), 60_000);
    rmSync(join(disk, 'written'));
    await relieved();
  });

  it('or full: it is told so, and goes on when there is room', async () => {
    // Its log is on that disk too.
    const hoard = join(disk, 'hoard');
    mkdirSync(hoard);
    fill(join(hoard, 'x'));
    node.run(
      'late',
      staticPod({
        name: 'late',
        script: sleeping,
        container: { image: 'registry.k8s.io/e2e-test-images/nginx:1.14-2' },
      }),
    );
    await eventually(() => {
      const told = events(node.kubelet()).filter((line) => line.includes('"default/late-'));
      // Which disk, what of it, and what to do.
      expect(told.join('\n')).to.match(new RegExp(`reason="Failed.* ${disk}/.*no space left.*free space on that disk`));
    }, 90_000);
    rmSync(hoard, { recursive: true });
    await ready('late');
  });

  it('and all of it goes', async () => {
    for (const name of ['eater', 'late']) node.remove(name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
  });
});

/** To the last byte. */
function fill(file: string): void {
  for (const size of [16 * mib, mib, 4096])
    for (;;)
      try {
        writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        break;
      }
}
