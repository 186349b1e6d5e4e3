import { expect } from 'chai';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitReason } from './exit.ts';
import { readExitFile } from './exit-watch.ts';

describe('the reason of an end', () => {
  it('is OOMKilled only for an init that was killed, and after a kill for want of memory', () => {
    expect(exitReason(137, () => true)).to.equal('OOMKilled');
    expect(exitReason(137, () => false)).to.equal('Error');
    expect(exitReason(1, () => true)).to.equal('Error');
    expect(exitReason(0, () => true)).to.equal('Completed');
  });

  it('does not ask for kills where it does not matter', () => {
    const never = () => {
      throw new Error('asked');
    };
    expect([exitReason(0, never), exitReason(143, never)]).to.deep.equal(['Completed', 'Error']);
  });
});

describe('an exit file', () => {
  let directory: string;
  let file: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'cricket-exit-'));
    file = join(directory, 'exit');
  });
  after(() => rmSync(directory, { recursive: true }));

  it('tells code and time of the end', async () => {
    writeFileSync(file, '137');
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    expect(await readExitFile(file)).to.deep.equal({ code: 137, at: 1_700_000_000_000_000_000n });
  });

  it('that is still empty, or absent, tells nothing yet', async () => {
    writeFileSync(file, '');
    expect(await readExitFile(file)).to.equal(undefined);
    expect(await readExitFile(`${file}.absent`)).to.equal(undefined);
  });
});
