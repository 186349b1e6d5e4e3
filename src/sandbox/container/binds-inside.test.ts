import { expect } from 'chai';
import { sampleMount } from '../oci/spec/sample.test.ts';
import type { BindMount } from '../oci/spec/input.ts';
import { settled } from './binds-inside.ts';

const facts = (options: readonly string[] = [], below: readonly string[] = []) => ({ options, below });
const briefly = (mounts: readonly BindMount[]) =>
  mounts.map(({ containerPath, readonly, options }) => [containerPath, readonly, ...options].join(' '));

describe('binds in a user namespace', () => {
  it('keep the flags of their sources beside those asked for', () => {
    const mount = sampleMount({ options: ['nodev', 'noatime'] });
    const found = facts(['rw', 'nosuid', 'nodev', 'relatime']);
    expect(briefly(settled([[mount, found]], true))).to.deep.equal(['/data false nodev noatime nosuid']);
    expect(briefly(settled([[sampleMount({}), facts(['ro'])]], true))).to.deep.equal(['/data true']);
  });

  it('name what is mounted below, unless the runtime or the container does', () => {
    const found = facts([], ['/a', '/a/b', '/own']);
    const own = sampleMount({ hostPath: '/x', containerPath: '/data/own/' });
    const given = [
      [sampleMount({ readonly: true }), found],
      [own, facts()],
    ] as const;
    expect(briefly(settled(given, true))).to.deep.equal(['/data true', '/data/own/ false']);
    expect(briefly(settled(given, false))).to.deep.equal([
      '/data true',
      '/data/a false',
      '/data/a/b false',
      '/data/own/ false',
    ]);
    const all = sampleMount({ readonly: true, recursiveReadonly: true });
    expect(briefly(settled([[all, facts([], ['/a'])]], false))).to.deep.equal(['/data true', '/data/a true']);
  });
});
