import { execFileSync, spawn } from 'node:child_process';
import { chownSync, closeSync, lstatSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { mountIdmapped } from '../../../src/linux/idmapped-mount.ts';
import { unmount } from '../../../src/linux/mount.ts';

describe('a directory mounted with shifted owners', () => {
  let work = '';
  let namespace = -1;
  let holder: ReturnType<typeof spawn>;
  beforeEach(async () => {
    // Not under /tmp: a tmpfs learnt it only lately.
    work = mkdtempSync('/var/tmp/cricket-idmap-');
    for (const name of ['a', 'b', 'shifted-a', 'shifted-b', 'upper', 'work', 'merged']) mkdirSync(join(work, name));
    writeFileSync(join(work, 'a/root'), '');
    writeFileSync(join(work, 'b/user'), '');
    chownSync(join(work, 'b/user'), 33, 34);
    holder = spawn('unshare', ['--user', 'sh', '-c', 'echo made; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => holder.stdout?.once('data', resolve));
    for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${holder.pid ?? 0}/${file}`, '0 700000 65536');
    namespace = openSync(`/proc/${holder.pid ?? 0}/ns/user`, 'r');
  });
  afterEach(async () => {
    for (const name of ['merged', 'shifted-a', 'shifted-b']) unmount(join(work, name));
    closeSync(namespace);
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await gone;
    rmSync(work, { recursive: true });
  });

  it('shows the owners of the namespace, alone and below an overlay, and keeps those on the disk', () => {
    for (const name of ['a', 'b'])
      expect(
        mountIdmapped({ source: join(work, name), target: join(work, `shifted-${name}`), readonly: true }, namespace),
      ).to.equal(true);
    expect(lstatSync(join(work, 'shifted-a/root'))).to.include({ uid: 700_000, gid: 700_000 });
    const lower = `${join(work, 'shifted-b')}:${join(work, 'shifted-a')}`;
    const options = `lowerdir=${lower},upperdir=${join(work, 'upper')},workdir=${join(work, 'work')}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, join(work, 'merged')]);
    expect(lstatSync(join(work, 'merged/user'))).to.include({ uid: 700_033, gid: 700_034 });
    expect(lstatSync(join(work, 'merged/root'))).to.include({ uid: 700_000, gid: 700_000 });
    expect(lstatSync(join(work, 'b/user'))).to.include({ uid: 33, gid: 34 });
  });

  it('cannot be written through', () => {
    mountIdmapped({ source: join(work, 'a'), target: join(work, 'shifted-a'), readonly: true }, namespace);
    expect(() => writeFileSync(join(work, 'shifted-a/new'), '')).to.throw(/EROFS/);
  });

  it('says false of a file system that cannot', () => {
    expect(mountIdmapped({ source: '/proc/sys', target: join(work, 'shifted-a'), readonly: true }, namespace)).to.equal(
      false,
    );
  });
});
