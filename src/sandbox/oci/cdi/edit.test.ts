import { expect } from 'chai';
import { sampleInput, sampleMount } from '../spec/sample.test.ts';
import { buildSpec } from '../spec/spec.ts';
import { withEdits } from './edit.ts';
import type { SettledEdits } from './edit.ts';

const node = { path: '/dev/x', type: 'c', major: 10, minor: 1, fileMode: 0o666, access: 'rw' } as const;
const edited = (edits: Partial<SettledEdits>, changes: Parameters<typeof sampleInput>[0] = {}) =>
  withEdits(buildSpec(sampleInput(changes)), [{ nodes: [], ...edits }]);

describe('edits of a CDI device', () => {
  it('change nothing where there are none', () => {
    const spec = buildSpec(sampleInput());
    expect(JSON.stringify(withEdits(spec, []))).to.equal(JSON.stringify(spec));
    expect(JSON.stringify(withEdits(spec, [{ nodes: [] }]))).to.equal(JSON.stringify(spec));
  });

  it('put mounts in the place of others, above those beneath them', () => {
    const mounts = [sampleMount({ containerPath: '/data' }), sampleMount({ containerPath: '/opt/lib/a' })];
    const added = ['/opt/lib/', '/data'].map((containerPath) => ({ ...{ hostPath: '/h', containerPath, type: '' } }));
    const places = edited({ mounts: added }, { mounts }).mounts.map(
      ({ destination, source }) => `${destination} ${source}`,
    );
    expect(places.slice(-3)).to.deep.equal(['/opt/lib /h', '/opt/lib/a /srv', '/data /h']);
    const [bind] = edited({ mounts: added }).mounts.slice(-1);
    expect(bind).to.deep.include({ type: 'bind', options: ['rbind'] });
  });

  it('let a container open its nodes, which its user owns', () => {
    const user = { uid: 7, gid: 8, additionalGids: [] };
    const spec = edited({ nodes: [{ ...node, uid: undefined, gid: 9 }], additionalGids: [0, 5] }, { user });
    expect(spec.linux.devices).to.deep.equal([
      { path: '/dev/x', type: 'c', major: 10, minor: 1, fileMode: 0o666, uid: 7, gid: 9 },
    ]);
    const rules = spec.linux.resources.devices;
    expect(rules.at(-1)).to.deep.equal({ allow: true, type: 'c', major: 10, minor: 1, access: 'rw' });
    expect(spec.process.user.additionalGids).to.deep.equal([5, 8]);
  });

  it('append hooks and replace variables', () => {
    const hooks = [1, 2].map((timeout) => ({ hookName: 'poststop' as const, path: '/h', timeout }));
    const spec = edited({ hooks, env: ['A=2', 'B=x=y'] }, { env: ['A=1', 'C=3'] });
    expect(spec.hooks?.poststop?.map(({ timeout }) => timeout)).to.deep.equal([1, 2]);
    expect(spec.process.env.slice(-3)).to.deep.equal(['A=2', 'C=3', 'B=x=y']);
  });
});
