import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { DirectoryWatch } from './inotify.ts';
import { Watcher } from './watcher.ts';

describe('DirectoryWatch', function () {
  this.timeout(10_000);
  let watcher: Watcher;
  let dir: string;
  before(() => (watcher = new Watcher()));
  after(async () => watcher[Symbol.asyncDispose]());
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'inotify-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it('tells of every change of a directory that comes, goes and comes again', async () => {
    let told = Promise.withResolvers<undefined>();
    using watch = new DirectoryWatch(watcher, () => told.resolve(undefined));
    const target = join(dir, 'a/b');
    const after = async (change: () => void) => {
      told = Promise.withResolvers();
      await watch.watch([target]);
      change();
      await told.promise;
    };
    await after(() => mkdirSync(join(dir, 'a')));
    await after(() => mkdirSync(target));
    await after(() => writeFileSync(join(target, 'one.conf'), '{}'));
    await after(() => writeFileSync(join(target, 'one.conf'), '{ }'));
    await after(() => renameSync(join(target, 'one.conf'), join(target, 'two.conf')));
    await after(() => rmSync(join(target, 'two.conf')));
    await after(() => rmSync(join(dir, 'a'), { recursive: true }));
    await after(() => mkdirSync(target, { recursive: true }));
    await after(() => writeFileSync(join(target, 'last.conf'), '{}'));
    await watch.watch([target, join(target, 'missing')]);
    told = Promise.withResolvers();
    rmSync(join(target, 'last.conf'));
    const last = await Promise.race([told.promise.then(() => 'told'), delay(5_000, 'not told')]);
    expect(last).to.equal('told');
  });
});
