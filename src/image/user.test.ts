import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readInImage, resolveUser } from './user.ts';

describe('resolveUser', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cricket-user-'));
    await mkdir(join(root, 'etc'));
    await writeFile(
      join(root, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\n# remark\nbroken\nalice:x:1001:1002::/home/alice:\n1234:x:77:78::/:\nwild:x:-1:0::/:\n',
    );
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nwheel:x:10:root,alice\nvideo:x:44:bob,alice\nbad:x:zz:\n');
  });
  afterEach(() => rm(root, { recursive: true }));

  const alice = { uid: 1001, gid: 1002, groups: [10, 44], name: 'alice', home: '/home/alice' };
  const table: readonly (readonly [string, object])[] = [
    ['', { uid: 0, gid: 0, groups: [10], name: 'root', home: '/root' }],
    ['alice', alice],
    ['1001', alice],
    ['alice:video', { ...alice, gid: 44 }],
    ['alice:5000', { ...alice, gid: 5000 }],
    ['5000', { uid: 5000, gid: 0, groups: [], name: '', home: '/' }],
    ['5000:wheel', { uid: 5000, gid: 10, groups: [], name: '', home: '/' }],
    ['1234', { uid: 77, gid: 78, groups: [], name: '1234', home: '/' }],
  ];
  for (const [spec, wanted] of table)
    it(`reads ${JSON.stringify(spec)}`, async () => {
      expect(await resolveUser(root, spec)).to.deep.equal(wanted);
    });

  for (const [spec, code] of [
    ['nobody', 'not_found'],
    ['alice:nogroup', 'not_found'],
    ['wild', 'not_found'],
    ['4294967295', 'invalid_argument'],
    ['0:99999999999', 'invalid_argument'],
  ] as const)
    it(`refuses ${spec}`, async () => {
      const error: unknown = await resolveUser(root, spec).catch((caught: unknown) => caught);
      expect(error).to.have.property('code', code);
    });

  it('needs no files for numbers', async () => {
    await rm(join(root, 'etc'), { recursive: true });
    expect(await resolveUser(root, '12:34')).to.include({ uid: 12, gid: 34 });
  });

  it('keeps links inside the image', async () => {
    await rm(join(root, 'etc/passwd'));
    await symlink('/etc/passwd', join(root, 'etc/loop'));
    await symlink('/../../../../etc/hostname', join(root, 'etc/passwd'));
    expect(await readInImage(root, 'etc/passwd')).to.equal('');
    await writeFile(join(root, 'etc/hostname'), 'eve:x:5:5::/:\n');
    expect((await resolveUser(root, 'eve')).uid).to.equal(5);
    expect(await readInImage(root, 'etc/loop')).to.contain('eve');
  });

  it('neither waits for a fifo nor reads a device or a directory', async () => {
    for (const make of ['mkfifo etc/passwd', 'mknod etc/passwd c 1 5', 'mkdir etc/passwd']) {
      await rm(join(root, 'etc/passwd'), { recursive: true });
      execFileSync('sh', ['-c', make], { cwd: root });
      const error: unknown = await resolveUser(root, 'alice').catch((caught: unknown) => caught);
      expect(error).to.have.property('code', 'failed_precondition');
    }
  });
});
