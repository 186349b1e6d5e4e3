import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { version } from './version.ts';

describe('version', () => {
  it('is that of the package', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(version).to.equal(manifest.version);
  });
});
