import { expect } from 'chai';
import { readHints } from './unreadable.ts';

const podId = 'a'.repeat(64);
const imageId = `sha256:${'b'.repeat(64)}`;
const config = {
  name: 'web',
  namespace: 'default',
  uid: 'u',
  attempt: 2,
  labels: { app: 'x' },
  annotations: {},
  logPath: '',
};
const record = { kind: 'container', version: 9, data: { podId, imageId, cgroup: '/kubepods/pod1', config } };

describe('hints of a record that cannot be read', () => {
  it('are all that a newer version has in common with ours', () => {
    const known = { podId, imageId, cgroup: '/kubepods/pod1', ...config };
    expect(readHints(JSON.stringify(record))).to.deep.equal({ ...known, standalone: false });
    const alone = { ...record, data: { ...record.data, config: { ...config, standalone: {} } } };
    expect(readHints(JSON.stringify(alone))).to.deep.equal({ ...known, standalone: true });
  });

  it('are ids and cgroup of one cut short', () => {
    const text = JSON.stringify(record);
    const hints = readHints(text.slice(0, text.indexOf('config') + 20));
    expect(hints).to.include({ podId, imageId, cgroup: '/kubepods/pod1', name: '', attempt: 0 });
  });

  it('are never of another form than ours: they are used as paths and keys', () => {
    const strange = { podId: '../..', imageId: 'sha256:1', cgroup: '/a/../../b', config: { ...config, attempt: -1 } };
    for (const text of [JSON.stringify({ ...record, data: strange }), '', '\0', '[]', '{"data":{"podId":7}}'])
      expect(readHints(text), text).to.include({ podId: '', imageId: '', cgroup: '', attempt: 0 });
  });
});
