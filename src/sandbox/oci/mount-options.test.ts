import { expect } from 'chai';
import { bindOptions, parseMountOptions } from './mount-options.ts';

const parse = (...options: readonly string[]) => parseMountOptions('mount /data', options);

describe('mount options', () => {
  it('are kept in their order, once each', () => {
    expect(parse()).to.deep.equal([]);
    expect(parse('noexec', 'nosuid', 'noexec')).to.deep.equal(['noexec', 'nosuid']);
    for (const option of bindOptions) expect(parse(option)).to.deep.equal([option]);
  });

  it('are refused with the list of known ones where they are none of a bind mount', () => {
    for (const option of ['', 'ro', 'rw', 'rshared', 'NOEXEC', 'size=1m', 'noexec,nodev', 'x'.repeat(10_000)])
      expect(() => parse('nodev', option))
        .to.throw(/^mount \/data: mount_options .{1,85}: known are nosuid, suid, .*symfollow$/)
        .with.property('code', 'invalid_argument');
  });

  it('are refused where they contradict each other', () => {
    for (const [a, b] of [
      ['nosuid', 'suid'],
      ['exec', 'noexec'],
      ['relatime', 'noatime'],
    ] as const)
      expect(() => parse(a, b))
        .to.throw('contradict')
        .with.property('code', 'invalid_argument');
    expect(parse('noatime', 'nodiratime')).to.have.length(2);
  });
});
