import { expect } from 'chai';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { splitDeviceNumber } from '../../../src/sandbox/oci/spec/host-devices.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerWith, runContainer, runPod } from '../../fixtures/pods.ts';
import { cgroupFile, fails } from './lab.ts';

const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const prefix = 'blockio.resources.beta.kubernetes.io';
/** A whole disk: the kernel limits no part of one. */
const disk = readdirSync('/sys/block').find((name) => /^(vd|sd|nvme|xvd)/.test(name)) ?? '';
const path = join('/dev', disk);

describe('block I/O classes', () => {
  let cricket: Cricket;
  let device: string;
  before(async function () {
    if (disk === '') this.skip(); // a machine without a disk has nothing to limit
    const { major, minor } = splitDeviceNumber(statSync(path).rdev);
    device = `${major}:${minor}`;
    const config = `[[blockio.classes.slow]]
devices = ["${path}"]
throttle_read_bps = "2M"
throttle_write_bps = "1Mi"
throttle_read_iops = 100
throttle_write_iops = 50
[[blockio.classes.reads]]
devices = ["/dev/${disk.slice(0, 2)}*"]
throttle_read_bps = 3000000
[[blockio.classes.heavy]]
weight = 300
[[blockio.classes.elsewhere]]
devices = ["/dev/not-there"]
throttle_read_bps = 1`;
    cricket = await startCricket({ config });
  });
  after(async () => cricket.stop());

  /** Limits of a container as `read_bps write_bps read_iops write_iops` of the disk. */
  function limits(group: string): string {
    if (v2) {
      const line = cgroupFile(group, 'io.max')
        .split('\n')
        .find((one) => one.startsWith(`${device} `));
      return (line ?? '').replace(/^\S+ /, '').replace(/[rw](bps|iops)=/g, '');
    }
    const files = ['read_bps', 'write_bps', 'read_iops', 'write_iops'];
    const values = files.map((name) => cgroupFile(group, `blkio.throttle.${name}_device`));
    return values.map((text) => new RegExp(`^${device} (\\d+)$`, 'm').exec(text)?.[1] ?? 'max').join(' ');
  }

  it("limit each device, by the pod's annotation and a container's own, with crun and runc", async () => {
    for (const handler of ['crun', 'runc']) {
      const annotations = {
        [`${prefix}/pod`]: 'slow',
        [`${prefix}/container.b`]: 'reads',
        [`${prefix}/container.c`]: '',
      };
      const pod = await runPod(cricket, { name: handler, annotations }, handler);
      const seen: string[] = [];
      for (const name of ['a', 'b', 'c'])
        seen.push(limits(`${cricket.podCgroup(pod.id)}/${(await runContainer(cricket, pod, { name })).id}`).trim());
      expect(seen.slice(0, 2), handler).to.deep.equal(['2000000 1048576 100 50', '3000000 max max max']);
      expect(seen[2], handler).to.be.oneOf(['', 'max max max max']);
    }
  });

  it('have a weight where a scheduler of the kernel has weights, and are refused where none has', async () => {
    const pod = await runPod(cricket, { name: 'heavy', annotations: { [`${prefix}/pod`]: 'heavy' } });
    const group = cricket.podCgroup(pod.id);
    const files = ['blkio.weight', 'blkio.bfq.weight', 'io.bfq.weight', 'io.weight'];
    const file = files.find((name) => {
      try {
        return cgroupFile(group, name) !== '';
      } catch {
        return false;
      }
    });
    if (file === undefined) {
      const request = { podSandboxId: pod.id, config: containerWith({ name: 'c' }), sandboxConfig: pod.config };
      await fails(cricket.client.runtime.createContainer(request), 'FAILED_PRECONDITION', 'weight cannot be set here');
      return;
    }
    const container = await runContainer(cricket, pod, { name: 'c' });
    // io.weight has a scale of its own.
    expect(cgroupFile(`${group}/${container.id}`, file)).to.match(file === 'io.weight' ? /^default \d+$/ : /\b300$/);
  });

  it('that are not there, or name what is not there, are refused', async () => {
    for (const [name, code, said] of [
      ['none', 'INVALID_ARGUMENT', 'has slow, reads, heavy, elsewhere'],
      ['elsewhere', 'FAILED_PRECONDITION', '/dev/not-there is no block device'],
    ] as const) {
      const pod = await runPod(cricket, { name, annotations: { [`${prefix}/container.c`]: name } });
      const request = { podSandboxId: pod.id, config: containerWith({ name: 'c' }), sandboxConfig: pod.config };
      await fails(cricket.client.runtime.createContainer(request), code, said);
    }
  });
});
