import { expect } from 'chai';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandBlocks } from '../hack/lib/docs/commands.ts';
import { checkNames } from '../src/server/cli/check/finding.ts';

const docs = join(import.meta.dirname, '../docs');
/** Each is a test that runs such commands: `machine` is test/vm/guides.test.ts. */
const places = ['machine'];

describe('documents', () => {
  for (const file of globSync('{guides/*,check}.md', { cwd: docs }))
    it(`${file}: every command is run by a test, or says why not`, () => {
      const blocks = commandBlocks(readFileSync(join(docs, file), 'utf8'), file);
      for (const { mark, line } of blocks) {
        if (mark.kind === 'run') expect(places, `${file}:${line}`).to.include(mark.place);
        else expect(mark.reason.length, `${file}:${line}: a reason`).to.be.greaterThan(15);
      }
    });

  it('say for each line of cricket check what to do', () => {
    const text = readFileSync(join(docs, 'check.md'), 'utf8');
    const entries = [...text.matchAll(/^## `(.+)`$/gm)].map(([, name]) => name);
    expect(entries).to.have.members([...checkNames]);
  });
});
