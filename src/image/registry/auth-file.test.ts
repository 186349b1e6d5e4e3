import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { nameOf, parseReference } from '../reference/parse.ts';
import { credentialsFromFile } from './auth-file.ts';

describe('credentialsFromFile', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-auth-'));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const file = () => join(directory, 'auth.json');
  const read = (name: string) => credentialsFromFile(file(), nameOf(parseReference(name)));

  it('finds the entry with the longest key that the name begins with', async () => {
    const auths = {
      'https://index.docker.io/v1/': { auth: 'hub' },
      'quay.io': { auth: 'quay' },
      'quay.io/org': { username: 'org', password: 'p' },
      'http://reg:5000/v2': { identitytoken: 'token' },
    };
    await writeFile(file(), JSON.stringify({ auths, credsStore: 'x' }));
    expect(await read('busybox')).to.deep.equal({ auth: 'hub' });
    expect(await read('quay.io/other/x')).to.deep.equal({ auth: 'quay' });
    expect(await read('quay.io/organic/x')).to.deep.equal({ auth: 'quay' });
    expect(await read('quay.io/org/x')).to.deep.equal({ username: 'org', password: 'p' });
    expect(await read('reg:5000/x')).to.deep.equal({ identityToken: 'token' });
    expect(await read('reg:5001/x')).to.equal(undefined);
    expect(await read('evilquay.io/x')).to.equal(undefined);
  });

  it('finds nothing where there is no file, and says that a file is wrong without quoting it', async () => {
    expect(await read('busybox')).to.equal(undefined);
    await writeFile(file(), '{"auths": {"x": {"password": "hush');
    const error: unknown = await read('busybox').catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'failed_precondition');
    expect(error).to.have.property('message').that.contains(file()).and.does.not.contain('hush');
  });
});
