import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { Remembered } from './remembered.ts';

const kind = { name: 'colour', version: 1, schema: z.string() };
const newer = '{"kind":"colour","version":2,"data":{"hue":7}}';

describe('what is remembered', () => {
  let directory: string;
  let path: string;
  let told: string[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-remembered-'));
    path = join(directory, 'colour.json');
    told = [];
  });
  afterEach(async () => rm(directory, { recursive: true, force: true }));

  const open = async () =>
    Remembered.open({
      ...{ kind, path, fresh: 'none' },
      onUnreadable: ({ message }, kept) => void told.push(`${kept ? 'kept' : 'lost'}: ${message}`),
    });

  it('is there for the next one, the last of many', async () => {
    const first = await open();
    expect(first.value).to.equal('none');
    await Promise.all(['red', 'green', 'blue'].map(async (colour) => first.set(colour)));
    expect((await open()).value).to.equal('blue');
    expect(told).to.deep.equal([]);
  });

  it('is written anew where it is damaged', async () => {
    await writeFile(path, '{');
    const damaged = await open();
    expect(damaged.value).to.equal('none');
    await damaged.set('red');
    expect((await open()).value).to.equal('red');
    expect(told.join()).to.match(/^lost: record .* is not JSON/);
  });

  it('stays as a newer version wrote it', async () => {
    await writeFile(path, newer);
    const ahead = await open();
    await ahead.set('red');
    expect(ahead.value).to.equal('red');
    expect(await readFile(path, 'utf8')).to.equal(newer);
    expect(told.join()).to.match(/^kept: record .* has version 2; this Cricket reads 1/);
  });

  it('is what it was when it cannot be written', async () => {
    const one = await open();
    await rm(directory, { recursive: true });
    const failed: unknown = await one.set('red').catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(one.value).to.equal('none');
  });
});
