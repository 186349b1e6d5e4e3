import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keeper } from './keeper.ts';

describe('what has the disk keep records', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cricket-keeper-'));
  const said: object[] = [];
  const keeper = new Keeper({ warn: (fields: object) => void said.push(fields) });
  after(() => rmSync(folder, { recursive: true }));

  it('names what the disk may not keep, goes on with the rest, and does not mind what has been removed', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    keeper.keep(join(folder, 'removed'), join(file, 'below a file'), folder);
    await keeper.flush();
    expect(said).to.have.length(1);
    expect(said[0]).to.include({ path: join(file, 'below a file') });
  });
});
