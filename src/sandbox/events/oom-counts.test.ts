import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/log.ts';
import { OomCounts } from './oom-counts.ts';

const subject = (container: string, containerId: string) => ({
  ...{ namespace: 'default', pod: 'p', podUid: 'u', image: 'i' },
  ...{ container, containerId },
});

describe('OOM counts', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-oom-'));
    path = join(directory, 'oom-counts.json');
  });
  afterEach(() => rm(directory, { recursive: true }));
  const open = (bootId = 'boot') => OomCounts.open(path, bootId, silentLogger());

  it('go on by name where the last container, and the last daemon, ended', async () => {
    const first = await open();
    for (const kills of [1, 2]) expect(first.count(subject('web', 'one'), '', 5)).to.equal(kills);
    expect(first.count(subject('web', 'one'), '/exec', 5)).to.equal(3);
    await first.close();
    const second = await open();
    expect(Object.fromEntries(second.seenOf('one'))).to.deep.equal({ '': 2, '/exec': 1 });
    expect(second.count(subject('web', 'one'), '', 7)).to.equal(4);
    second.forget('one');
    expect([...second.seenOf('one')]).to.deep.equal([]);
    expect(second.count(subject('web', 'two'), '', 8)).to.equal(5);
    expect(second.of('default', 'p', 'web')).to.equal(5);
    expect([...second.all()]).to.deep.equal([{ ...subject('web', 'two'), kills: 5, lastAt: 8 }]);
    await second.close();
  });

  it('keep the tallies over a reboot, where cgroups begin at 0', async () => {
    const before = await open('one');
    before.count(subject('web', 'c'), '', 1);
    before.noteKmsg(77);
    await before.close();
    const after = await open('two');
    expect(after.kmsgSequence).to.equal(-1);
    expect([...after.seenOf('c')]).to.deep.equal([]);
    expect(after.count(subject('web', 'c'), '', 2)).to.equal(2);
    await after.close();
  });

  it('begin at 0 where the file is damaged', async () => {
    await writeFile(path, '{"kind":"oom-counts"');
    expect((await open()).of('default', 'p', 'web')).to.equal(0);
  });
});
