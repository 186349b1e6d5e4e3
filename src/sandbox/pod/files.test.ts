import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newInstanceId, newPodId } from '../../base/ids.ts';
import { writeFilesNow } from '../../base/plain-file.ts';
import { createPaths } from '../store/paths.ts';
import { podFiles } from './files.ts';
import { noPodResources } from './resources-schema.ts';
import type { PodConfig, PodRecord } from './record.ts';

const plain: PodConfig = {
  ...{ name: 'a', uid: '', namespace: '', attempt: 0, hostname: '', logDirectory: '', dns: null, labels: {} },
  ...{
    annotations: {},
    cgroupParent: '',
    network: 'pod',
    ipc: 'pod',
    pid: 'container',
    users: null,
    ports: [],
    sysctls: {},
    privileged: false,
    limits: noPodResources,
    selinux: null,
  },
};

describe('the files of a pod', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'cricket-files-'))));
  after(() => rmSync(directory, { recursive: true }));

  function written(config: Partial<PodConfig>, ips: readonly string[] = []) {
    const paths = createPaths(join(directory, 'root'), join(directory, 'state'), newInstanceId());
    const record: PodRecord = {
      ...{ id: newPodId(), config: { ...plain, ...config }, handler: '', createdAt: 1n, cgroup: '/a' },
      ...{ ownsCgroup: true, pins: {}, selinuxLevel: '', bootId: '' },
    };
    const at = paths.pod(record.id);
    mkdirSync(dirname(at.hosts), { recursive: true });
    writeFilesNow(podFiles(paths, record, { hostname: 'web', ips }));
    const read = (path: string) => readFileSync(path, 'utf8');
    expect(statSync(at.hosts).mode & 0o777, 'any user in a container reads it').to.equal(0o644);
    return { hosts: read(at.hosts), hostname: read(at.hostname), resolv: read(at.resolvConf) };
  }

  it('names the pod by each of its addresses', async () => {
    const { hosts, hostname } = written({}, ['10.0.0.2', 'fd00::2']);
    expect(hosts)
      .to.match(/^127\.0\.0\.1\tlocalhost\n/)
      .and.contain('10.0.0.2\tweb\nfd00::2\tweb\n');
    expect(hostname).to.equal('web\n');
  });

  it("copies the host's files on its network, and its name servers without a configuration", async () => {
    const { hosts, resolv } = written({ network: 'node' });
    expect(hosts).to.equal(readFileSync('/etc/hosts', 'utf8'));
    expect(resolv).to.equal(readFileSync('/etc/resolv.conf', 'utf8'));
  });

  it('writes no line for what the configuration leaves out', async () => {
    const resolv = async (dns: Partial<NonNullable<PodConfig['dns']>>) =>
      written({ dns: { servers: [], searches: [], options: [], ...dns } }).resolv;
    expect(await resolv({})).to.equal('');
    expect(await resolv({ options: ['ndots:5'] })).to.equal('options ndots:5\n');
    expect(await resolv({ servers: ['1.1.1.1'], searches: ['a', 'b'] })).to.equal('search a b\nnameserver 1.1.1.1\n');
  });
});
