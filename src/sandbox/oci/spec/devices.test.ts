import { expect } from 'chai';
import { deviceRules, deviceSection } from './devices.ts';
import { fuse, sampleInput } from './sample.test.ts';

const disk = { ...fuse, containerPath: '/dev/vda', type: 'b', major: 254, minor: 0, permissions: 'rwm' } as const;

describe('devices', () => {
  it('are denied but for the usual ones, which come after the denial', () => {
    const [first, ...others] = deviceRules(sampleInput());
    expect(first).to.deep.equal({ allow: false, type: 'a', access: 'rwm' });
    expect(others.every(({ allow }) => allow)).to.equal(true);
    expect(others).to.deep.include({ allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' });
    expect(others.filter(({ type, access }) => type === 'b' && access !== 'm')).to.deep.equal([]);
  });

  it('that were asked for are made and allowed as asked', () => {
    const input = sampleInput({ devices: [fuse], hostDevices: [disk] });
    expect(deviceRules(input).at(-1)).to.deep.equal({ allow: true, type: 'c', major: 10, minor: 229, access: 'rw' });
    expect(deviceSection(input)).to.deep.equal([
      { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 },
    ]);
  });

  it('of the host are all there when privileged, a requested one in place of its namesake', () => {
    const renamed = { ...disk, containerPath: '/dev/fuse' };
    const input = sampleInput({ privileged: true, hostDevices: [fuse, disk], devices: [renamed] });
    expect(deviceRules(input)).to.deep.equal([{ allow: true, type: 'a', access: 'rwm' }]);
    expect(deviceSection(input).map(({ path, major }) => [path, major])).to.deep.equal([
      ['/dev/fuse', 254],
      ['/dev/vda', 254],
    ]);
  });
});
