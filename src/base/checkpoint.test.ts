import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFiles } from './plain-file.ts';
import { loadCheckpoint, prepareCheckpoint, saveCheckpoint, writeAtomic } from './checkpoint.ts';

const kind = { name: 'thing', version: 2, schema: z.object({ at: z.string().transform(BigInt), name: z.string() }) };

describe('checkpoints', () => {
  let directory: string;
  let file: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'cricket-checkpoint-'));
    file = join(directory, 'thing.json');
  });
  after(() => rmSync(directory, { recursive: true }));

  it('come back as they were written, durable or not, for root only', async () => {
    for (const durable of [true, false]) {
      await saveCheckpoint(kind, file, { at: 2n ** 63n, name: 'grüße' }, { durable });
      expect(await loadCheckpoint(kind, file)).to.deep.equal({ at: 2n ** 63n, name: 'grüße' });
    }
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readdirSync(directory)).to.deep.equal(['thing.json']);
  });

  it('leave the old text and no part of the new one where writing fails', async () => {
    await writeAtomic(file, 'old', { durable: true });
    // /dev/full takes no byte, as a full disk.
    symlinkSync('/dev/full', `${file}.tmp`);
    const error = await writeAtomic(file, 'new', { durable: false }).catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 'ENOSPC');
    expect(readFileSync(file, 'utf8')).to.equal('old');
    expect(readdirSync(directory)).to.deep.equal(['thing.json']);
  });

  it('that are prepared count once they are committed', async () => {
    await saveCheckpoint(kind, file, { at: 1n, name: 'old' });
    const prepared = prepareCheckpoint(kind, file, { at: 2n, name: 'new' });
    await writeFiles([prepared.file]);
    expect(await loadCheckpoint(kind, file)).to.include({ name: 'old' });
    await saveCheckpoint(kind, file, { at: 3n, name: 'between' });
    await prepared.commit();
    expect(await loadCheckpoint(kind, file)).to.include({ name: 'new' });
    expect(readdirSync(directory)).to.deep.equal(['thing.json']);
  });

  it('of an earlier version are read through the steps since', async () => {
    const upgrades = { 1: (data: unknown) => ({ name: 'unnamed', ...(data as object) }) };
    writeFileSync(file, '{"kind":"thing","version":1,"data":{"at":"7"}}');
    expect(await loadCheckpoint({ ...kind, version: 3, upgrades }, file)).to.deep.equal({ at: 7n, name: 'unnamed' });
  });

  it('of a newer version are read where it says so', async () => {
    const newer = { ...kind, version: 4, schema: kind.schema.extend({ more: z.number() }) };
    await saveCheckpoint({ ...newer, readableSince: 2 }, file, { at: 1n, name: 'a', more: 1 });
    expect(await loadCheckpoint(kind, file)).to.deep.equal({ at: 1n, name: 'a' });
    await saveCheckpoint({ ...newer, readableSince: 3 }, file, { at: 1n, name: 'a', more: 1 });
    expect(await loadCheckpoint(kind, file).catch(() => 'refused')).to.equal('refused');
  });

  for (const [what, text, said] of [
    ['without a version', '{"kind":"thing","version":"2","data":{}}', 'has no version'],
    ['cut short', '{"kind":"thing","ver', 'not JSON'],
    ['of somebody else', '[1]', 'not a Cricket record'],
    ['of another kind', '{"kind":"pod","version":2,"data":{}}', 'is a pod, not a thing'],
    ['newer than we are', '{"kind":"thing","version":3,"data":{}}', 'has version 3; this Cricket reads 2'],
    ['damaged', '{"kind":"thing","version":2,"data":{"at":"1"}}', 'damaged'],
  ] as const)
    it(`are refused when ${what}, with the file's name`, async () => {
      writeFileSync(file, text);
      const error = await loadCheckpoint(kind, file).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', 'internal');
      expect(error).to.have.property('message').which.includes(said).and.includes(file);
    });
});
