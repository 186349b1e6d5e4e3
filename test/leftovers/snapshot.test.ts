import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diff, leftSince, snapshot } from './snapshot.ts';

describe('leftovers', () => {
  it('looks away from what a lane in a machine keeps while it runs beside the tests', () => {
    const before = snapshot();
    const folders = ['cricket-vm.', 'cricket-disk-'].map((name) => mkdtempSync(join(tmpdir(), name)));
    const seen = diff(before, snapshot());
    for (const folder of folders) rmdirSync(folder);
    expect(seen.filter((name) => folders.some((folder) => name.includes(folder)))).to.deep.equal([]);
  });

  it('sees a folder, a mount, a link, a cgroup, a namespace, a table and a process', async () => {
    const mark = `CRICKET_LEFTOVERS=${process.pid}`;
    const before = snapshot({ mark });
    const folder = mkdtempSync(join(tmpdir(), 'cricket-left-'));
    const group = `cricket-test-left-${process.pid}`;
    const groupFolder = [`/sys/fs/cgroup/unified/${group}`, `/sys/fs/cgroup/${group}`].find((path) =>
      existsSync(join(path, '../cgroup.procs')),
    );
    const run = (...args: [string, ...string[]]) => void execFileSync(args[0], args.slice(1));
    const child = spawn('sleep', ['60'], { env: { CRICKET_LEFTOVERS: String(process.pid) } });
    run('mount', '-t', 'tmpfs', 'none', folder);
    run('ip', 'link', 'add', 'crkffff', 'type', 'bridge');
    run('nft', 'add', 'table', 'ip', 'cricket_ffff');
    run('ip', 'netns', 'add', 'cricket-ffff-x');
    if (groupFolder !== undefined) mkdirSync(groupFolder);
    try {
      expect(
        diff(before, snapshot({ mark })).map((name) => name.replace(/ \d+ .*\) /, ' ').replace(folder, 'F')),
      ).to.include.members([
        ...(groupFolder === undefined ? [] : [`cgroup /${group}`]),
        'file F',
        'link crkffff',
        'mount F',
        'mount /run/netns/cricket-ffff-x',
        'netns cricket-ffff-x',
        'nft table ip cricket_ffff',
        'process sleep 60',
      ]);
      const others = diff(before, snapshot({ except: 'ffff', mark: 'X=1' }));
      expect(others.some((name) => name.includes('ffff') || name.includes('sleep 60'))).to.equal(false);
    } finally {
      child.kill('SIGKILL');
      run('umount', folder);
      rmSync(folder, { recursive: true });
      run('ip', 'link', 'delete', 'crkffff');
      run('nft', 'delete', 'table', 'ip', 'cricket_ffff');
      run('ip', 'netns', 'delete', 'cricket-ffff-x');
      if (groupFolder !== undefined) rmdirSync(groupFolder);
    }
    expect(await leftSince(before, { mark }, 3000)).to.deep.equal([]);
  });
});
