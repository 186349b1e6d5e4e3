import { expect } from 'chai';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLayer } from '../config/layers.ts';
import { parseConfig } from '../config/parse.ts';
import { runCli } from './run.ts';
import { bytes, table } from './terminal.ts';

const main = join(import.meta.dirname, '../main.ts');

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(...args: readonly string[]): Promise<Result> {
  let out = '';
  let err = '';
  const code = await runCli(args, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    colour: false,
    environment: {},
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

const tellsWhere = ([code, err]: readonly [number, string]) => code === 2 && /\nhere: \S/.test(err);

describe('the command line', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-cli-'));
    file = join(directory, 'cricket.toml');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('tells version and help with 0', async () => {
    expect(await run('version')).to.deep.equal({ code: 0, out: 'cricket 0.1.0\n', err: '' });
    expect(JSON.parse((await run('version', '--format', 'json')).out)).to.include({ version: '0.1.0' });
    const help = await run('--help');
    expect(help.code).to.equal(0);
    expect(help.out).to.contain('Exit codes: 0 done, 1 failed, 2 used wrongly');
    for (const name of ['serve', 'check', 'config', 'version', 'images', 'completion'])
      expect(help.out).to.contain(`\n  ${name}`);
  });

  it('ends with 2 when used wrongly', async () => {
    for (const args of [['frob'], ['config', '--nope'], ['version', '--format', 'xml'], ['images', 'pull']]) {
      const { code, out, err } = await run(...args);
      expect([args, code, out]).to.deep.equal([args, 2, '']);
      expect(err).to.match(/^error: .*\n/);
    }
  });

  it('says what does it here for each of Docker’s words that is none of ours', async () => {
    const reference = await readFile(join(import.meta.dirname, '../../../test/fixtures/docker-cli.json'), 'utf8');
    const names = Object.keys(JSON.parse(reference) as object).map((name) => name.split(' '));
    // `docker container start` is `docker start` too.
    const words = names.flatMap(([group = '', word = 'ls']) =>
      ['container', 'image'].includes(group) && word !== 'ls' ? [group, word] : [group],
    );
    for (const word of new Set(words)) {
      const { code, err } = await run(word);
      if (err.startsWith('error: unknown command')) expect([code, err]).to.satisfy(tellsWhere, err);
    }
    expect((await run('frob')).err).not.to.contain('here: ');
  });

  it('prints a configuration that reads back to itself', async () => {
    await writeFile(file, 'group = "7"\n');
    const { code, out } = await run('config', '--config', file, '--set', 'network.mtu=1400', '--state', '/s');
    expect(code).to.equal(0);
    const config = parseConfig([parseLayer('print', out)]);
    expect([config.group, config.network.mtu, config.socket]).to.deep.equal(['7', 1400, '/s/cricket.sock']);
    const asJson = await run(
      'config',
      '--config',
      file,
      '--set',
      'network.mtu=1400',
      '--state',
      '/s',
      '--format',
      'json',
    );
    expect(JSON.parse(asJson.out)).to.deep.equal(config);
  });

  it('tells every mistake on a line of its own with 1', async () => {
    await writeFile(file, 'group = 7\nfoo = 1\n');
    const { code, err } = await run('config', '--config', file);
    expect(code).to.equal(1);
    expect(err).to.match(
      new RegExp(`^cricket: ${file}: foo: unknown setting.*\ncricket: ${file}: group = 7: must be text`),
    );
  });

  it('says so when no daemon answers', async () => {
    for (const args of [['ls'], ['pull', 'a'], ['rm', 'a'], ['inspect', 'a'], ['import', main]]) {
      const { code, err } = await run('images', ...args, '--state', directory);
      expect([args, code]).to.deep.equal([args, 1]);
      expect(err).to.match(/^cricket: .*socket .*: no daemon answers; start it: systemctl start cricket\n$/);
    }
  });

  it('completes in bash', async () => {
    const script = join(directory, 'c.bash');
    await writeFile(script, (await run('completion', 'bash')).out);
    const complete = (words: readonly string[]) =>
      spawnSync('bash', [
        '-c',
        `source ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cricket; printf '%s ' "\${COMPREPLY[@]}"`,
        '-',
        ...words,
      ]).stdout.toString();
    expect(complete(['cricket', 'im'])).to.equal('images ');
    expect(complete(['cricket', 'images', '']))
      .to.contain('pull')
      .and.contain('import');
    expect(complete(['cricket', 'config', '--so'])).to.equal('--socket ');
    for (const shell of ['zsh', 'fish']) expect((await run('completion', shell)).out).to.contain('images');
    expect((await run('completion', 'tcsh')).err).to.contain('there is one for bash, zsh and fish');
  });

  it('runs as a program: exit code, no colour in a pipe', async () => {
    const ended = await new Promise<Result>((resolve) => {
      execFile(process.execPath, [main, 'check', '--set', 'default_runtime=crun'], (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
      });
    });
    expect(ended.out)
      .to.match(/ok +kernel/)
      .and.not.contain('\u001b');
    expect([ended.code, ended.err]).to.deep.equal([/^fail/m.test(ended.out) ? 1 : 0, '']);
  });

  it('lays tables out and counts bytes', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['long', '1'],
          ['x', '22'],
        ],
      ),
    ).to.equal('A     B\nlong  1\nx     22\n');
    expect([0, 999, 1000, 4_261_550n, 3e12].map(bytes)).to.deep.equal([
      '0 B',
      '999 B',
      '1.00 kB',
      '4.26 MB',
      '3.00 TB',
    ]);
  });
});
