import { expect } from 'chai';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lookUpBlockIo, chooseBlockIoClass } from './blockio.ts';
import type { BlockIoRule } from './blockio.ts';
import { splitDeviceNumber } from './spec/host-devices.ts';

const none = { weight: 0, throttleReadBps: 0, throttleWriteBps: 0, throttleReadIops: 0, throttleWriteIops: 0 };
const rule = (fields: Partial<BlockIoRule>): BlockIoRule => ({ devices: [], ...none, ...fields });
const prefix = 'blockio.resources.beta.kubernetes.io';
const disk = readdirSync('/dev')
  .map((name) => join('/dev', name))
  .find((path) => statSync(path, { throwIfNoEntry: false })?.isBlockDevice());

describe('block I/O classes', () => {
  const classes = { slow: [rule({ weight: 10 })], fast: [rule({ weight: 900 })] };
  const chosen = (annotations: Readonly<Record<string, string>>) => chooseBlockIoClass('c', annotations, classes);

  it("are chosen by the container's annotation before the pod's", () => {
    const pod = { [`${prefix}/pod`]: 'slow' };
    expect(chosen({})).to.deep.equal([]);
    expect(chosen(pod)).to.equal(classes.slow);
    expect(chosen({ ...pod, [`${prefix}/container.c`]: 'fast' })).to.equal(classes.fast);
    expect(chosen({ ...pod, [`${prefix}/container.c`]: '' })).to.deep.equal([]);
    expect(chosen({ ...pod, [`${prefix}/container.d`]: 'fast' })).to.equal(classes.slow);
    for (const name of ['medium', '__proto__', 'toString'])
      expect(() => chosen({ [`${prefix}/pod`]: name }), name)
        .to.throw(`no block I/O class "${name}"; [blockio.classes] has slow, fast`)
        .with.property('code', 'invalid_argument');
  });

  it('become what the OCI runtime is told of each device, the later entry over the earlier', async function () {
    if (disk === undefined) this.skip(); // a machine without a disk has nothing to look up
    const { major, minor } = splitDeviceNumber(statSync(disk).rdev);
    const rules = [
      rule({ weight: 80 }),
      rule({ devices: ['/dev/[!x]*', '/dev/not-there*'], throttleReadBps: 5, throttleWriteIops: 7 }),
      rule({ devices: [disk], throttleReadBps: 6, weight: 20 }),
    ];
    const { weights, throttle: section } = await lookUpBlockIo(rules);
    expect(weights).to.deep.equal({ weight: 80, devices: [{ device: `${major}:${minor}`, weight: 20 }] });
    expect(section.throttleReadBpsDevice).to.deep.include({ major, minor, rate: 6 });
    expect(section.throttleWriteIOPSDevice).to.deep.include({ major, minor, rate: 7 });
    expect(section).to.have.all.keys('throttleReadBpsDevice', 'throttleWriteIOPSDevice');
  });

  it('are refused where they name a device that is not there, or is none', async () => {
    for (const path of ['/dev/not-there', '/dev/null'])
      expect(await lookUpBlockIo([rule({ devices: [path], throttleReadBps: 5 })]).catch(String)).to.contain(path);
  });
});
