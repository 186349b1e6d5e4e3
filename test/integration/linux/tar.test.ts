import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { packTree, unpackTree } from '../../../src/linux/tar.ts';
import { eventually } from '../../fixtures/pods.ts';

describe('unpacking an archive by tar', function () {
  this.timeout(30_000);
  let dir = '';
  let archive: Buffer;
  const target = () => join(dir, 'target');
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-tar-'));
    mkdirSync(join(dir, 'tree'));
    writeFileSync(join(dir, 'tree/file'), 'content'.repeat(1000));
    archive = await buffer(packTree(dir, 'tree', []));
  });
  beforeEach(() => mkdirSync(target()));
  afterEach(() => rmSync(target(), { recursive: true }));
  after(() => rmSync(dir, { recursive: true }));

  const errorOf = async (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error: unknown) => String(error),
    );
  const unpacked = () => eventually(() => expect(existsSync(join(target(), 'tree/file'))).to.equal(true));
  /** The whole archive and, when tar had the time to be gone, what comes after it. */
  async function* lateEnd(then: () => Iterable<Buffer>): AsyncGenerator<Buffer> {
    yield archive;
    await unpacked();
    await delay(300);
    yield* then();
  }

  it('needs nothing that comes after the end mark, and takes it', async () => {
    const more = Array.from({ length: 50 }, () => Buffer.alloc(64 * 1024));
    await unpackTree(Readable.from(lateEnd(() => more)), target(), []);
    expect(readFileSync(join(target(), 'tree/file'), 'utf8')).to.equal('content'.repeat(1000));
  });

  it('fails when its source does, be it after the end mark', async () => {
    const torn = function* (): Generator<Buffer> {
      yield Buffer.alloc(512);
      throw new Error('torn off');
    };
    expect(await errorOf(unpackTree(Readable.from(lateEnd(torn)), target(), []))).to.equal('Error: torn off');
  });

  it('says what tar says, and leaves the rest of its source', async () => {
    const junk = Readable.from([Buffer.alloc(64 * 1024, 'no archive')]);
    expect(await errorOf(unpackTree(junk, target(), []))).to.match(/does not look like a tar archive/);
    const cut = Readable.from([archive.subarray(0, archive.indexOf('content') + 1000)]);
    expect(await errorOf(unpackTree(cut, target(), []))).to.match(/Unexpected EOF/);
    const endless = new Readable({ read: () => setImmediate(() => endless.push(Buffer.alloc(1024))) });
    expect(await errorOf(unpackTree(endless, target(), ['--no-such-option']))).to.match(/unrecognized option/);
    expect(endless.destroyed).to.equal(true);
  });
});
