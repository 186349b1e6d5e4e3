import { expect } from 'chai';
import { execFile } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, exited, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../fixtures/pods.ts';
import { cli } from './hands-on.ts';

/** `cricket diff` and `cp` as programs. */
describe('the files of a container', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-files-'));
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'files', namespace: 'docker' });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const sh = async ({ id }: TestContainer, script: string) => {
    const cmd = ['sh', '-c', script];
    const { exitCode, stdout, stderr } = await eventually(async () =>
      cricket.client.runtime.execSync({ containerId: id, cmd, timeout: 20n }),
    );
    expect(exitCode, Buffer.from(stderr).toString()).to.equal(0);
    return Buffer.from(stdout).toString();
  };

  it('diff tells what was added, changed and deleted, and none of what the runtime made', async () => {
    const volume = { hostPath: dir, containerPath: '/deep/volume' };
    const made = await runContainer(cricket, pod, { name: 'changed', mounts: [volume] });
    await eventually(async () => sh(made, 'true'));
    expect((await cli(cricket, 'diff', 'changed')).out).to.equal('');
    const first = (await sh(made, 'ls /bin | head -2')).trim().split('\n');
    await sh(
      made,
      `mkdir -p /new/dir; echo x > "/new/dir/two words"; ln -s /etc /new/link; chmod 700 /bin; rm /bin/${first[0] ?? ''};
       echo in the volume > /deep/volume/file; printf x > /new/$(printf 'n\\303\\244me')`,
    );
    const { out } = await cli(cricket, 'diff', 'files/changed');
    expect(out.split('\n').slice(0, -1)).to.deep.equal([
      ...['C /bin', `D /bin/${first[0] ?? ''}`, 'A /new', 'A /new/dir', 'A /new/dir/two words', 'A /new/link'],
      'A /new/näme',
    ]);
    await sh(made, 'cp -a /bin /copy; ls /bin > /names; /copy/busybox rm -r /bin; /copy/busybox mkdir /bin');
    const { out: text } = await cli(cricket, 'diff', 'changed', '--format', 'json');
    const changes = JSON.parse(text) as readonly { readonly kind: string; readonly path: string }[];
    expect(changes)
      .to.deep.include({ kind: 'C', path: '/bin' })
      .and.deep.include({ kind: 'D', path: `/bin/${first[1] ?? ''}` });
    await cricket.client.runtime.stopContainer({ containerId: made.id, timeout: 0n });
    await exited(cricket, made.id);
    expect((await cli(cricket, 'diff', 'changed', '--format', 'json')).out).to.equal(text);
  });

  it('cp copies files and directories both ways, as docker does', async () => {
    const made = await runContainer(cricket, pod, { name: 'copied' });
    const here = (...words: readonly string[]) => join(dir, 'cp', ...words);
    mkdirSync(here('tree/empty'), { recursive: true });
    writeFileSync(here('tree/näme'), 'inside', { mode: 0o640 });
    writeFileSync(here('tree/big'), Buffer.alloc(3_000_000, 'x'));
    linkSync(here('tree/big'), here('tree/twin'));
    symlinkSync('näme', here('tree/link'));
    await sh(made, 'mkdir /there; echo old > /there/file');
    const copy = async (...args: readonly string[]) => {
      const { code, err } = await cli(cricket, 'cp', ...args);
      expect(err, args.join(' ')).to.equal('');
      expect(code).to.equal(0);
    };
    await copy(here('tree'), 'copied:/there');
    await copy(here('tree'), 'copied:/fresh');
    await copy(here('tree/.'), 'files/copied:contents');
    await copy(here('tree/näme'), 'copied:/there/file');
    await copy(here('tree/näme'), 'copied:/there/');
    const look = 'ls -l $d | wc -l; cat $d/link; wc -c < $d/twin; stat -c "%a %u" $d/näme; ls -d $d/empty';
    for (const d of ['/there/tree', '/fresh', '/contents'])
      expect(await sh(made, `d=${d}; ${look}`)).to.equal(`6\ninside3000000\n640 0\n${d}/empty\n`);
    expect(await sh(made, 'cat /there/file /there/näme')).to.equal('insideinside');

    await copy('copied:/there/tree', here('back'));
    mkdirSync(here('into'));
    await copy('copied:/there/tree', here('into'));
    await copy('copied:/there/tree/.', here('flat'));
    for (const directory of [here('back'), here('into/tree'), here('flat')]) {
      expect(readdirSync(directory).sort()).to.deep.equal(['big', 'empty', 'link', 'näme', 'twin']);
      expect(readFileSync(join(directory, 'link'), 'utf8')).to.equal('inside');
      expect(statSync(join(directory, 'twin')).size).to.equal(3_000_000);
    }
    await copy('copied:/there/file', here('one'));
    expect(readFileSync(here('one'), 'utf8')).to.equal('inside');
    expect(readdirSync(here()).sort()).to.deep.equal(['back', 'flat', 'into', 'one', 'tree']);
    await pipe(`cricket cp copied:/fresh - | cricket cp - copied:/there`);
    expect(await sh(made, 'cat /there/fresh/link')).to.equal('inside');
  });

  /** A line of a shell in which `cricket` is ours. */
  const pipe = async (line: string) => {
    const main = join(import.meta.dirname, '../../src/server/main.ts');
    const script = `set -eo pipefail; cricket() { "${process.execPath}" "${main}" "$@" --config "${cricket.config}"; }; ${line}`;
    await promisify(execFile)('bash', ['-c', script], { timeout: 30_000 });
  };

  it("cp never leaves the container by its links, nor by an archive's names", async () => {
    const made = await runContainer(cricket, pod, { name: 'hostile' });
    const secret = join(dir, 'secret');
    const victim = join(dir, 'victim');
    mkdirSync(victim);
    writeFileSync(secret, 'of the host');
    await sh(
      made,
      `mkdir -p /d /real; ln -s ${victim} /out; ln -s ../../../../../..${victim} /d/up; ln -s ${secret} /secret`,
    );
    const source = join(dir, 'source');
    mkdirSync(join(source, 'up'), { recursive: true });
    writeFileSync(join(source, 'up/x'), 'x');
    writeFileSync(join(source, 'secret'), 'mine');
    expect((await cli(cricket, 'cp', join(source, 'up/x'), 'hostile:/out/x')).err).to.match(
      /no directory above \/out\/x/,
    );
    expect((await cli(cricket, 'cp', join(source, 'secret'), 'hostile:/')).code).to.equal(0);
    expect(await sh(made, 'cat /secret')).to.equal('mine');
    await cli(cricket, 'cp', `${source}/.`, 'hostile:/d');
    await pipe(`tar -C ${source} -cf - up/x | cricket cp - hostile:/d`).catch(() => undefined);
    await pipe(
      `tar -C ${source} -P -cf - --transform 's,^,../../../..${victim}/,' up/x | cricket cp - hostile:/d`,
    ).then(
      () => expect.fail('it took a name that leads out'),
      (error: unknown) => expect(String(error)).to.contain('leads out'),
    );
    expect(readdirSync(victim)).to.deep.equal([]);
    expect(readFileSync(secret, 'utf8')).to.equal('of the host');
    const taken = await cli(cricket, 'cp', `hostile:/out/../${secret}`, join(dir, 'taken'));
    expect([taken.code, taken.err]).to.deep.equal([1, `cricket: there is no /out/../${secret} in the container\n`]);
    await sh(made, `rm /secret; ln -s ${secret} /secret`);
    expect(await cli(cricket, 'cp', 'hostile:/secret', join(dir, 'link'))).to.deep.equal({ code: 0, out: '', err: '' });
    expect(lstatSync(join(dir, 'link')).isSymbolicLink(), 'a link is copied as a link').to.equal(true);
  });

  it('cp says what is wrong, and to whom', async () => {
    const made = await runContainer(cricket, pod, { name: 'ended', command: ['true'] });
    await exited(cricket, made.id);
    const wrong = async (from: string, to: string) => (await cli(cricket, 'cp', from, to)).err;
    expect(await wrong('ended:/etc', dir)).to.match(/\(ended\): it is exited and its root file system is unmounted/);
    expect(await wrong('a:/b', 'c:/d')).to.contain('give one path here and one in a container');
    expect(await wrong('/nowhere', 'changed:/')).to.match(/there is no \/nowhere here/);
    expect(await wrong('nobody:/etc', dir)).to.contain('no container has the name');
    const alive = await runContainer(cricket, pod, { name: 'alive' });
    expect(await wrong('alive:/none', dir)).to.equal('cricket: there is no /none in the container\n');
    expect(await wrong(dir, 'alive:/no/such/place')).to.contain('no directory above /no/such/place in the container');
    expect(await wrong(join(dir, 'secret'), 'alive:/none/')).to.contain('no directory /none/ in the container');
    writeFileSync(join(dir, 'file'), '');
    expect(await wrong('alive:/etc', join(dir, 'file'))).to.match(/^cricket: .*file is in the way: [^\n]*\n$/);
    expect(readFileSync(join(dir, 'file'), 'utf8')).to.equal('');
    await sh(alive, 'mkdir -p /x/secret');
    expect(await wrong(join(dir, 'secret'), 'alive:/x')).to.contain('"secret" is a directory, and no directory is');
    expect(readdirSync(join(cricket.root, 'ingest')), 'what came in is gone').to.deep.equal([]);
  });

  it('diff names who is not there', async () => {
    const { code, err } = await cli(cricket, 'diff', 'nobody');
    expect(code).to.equal(1);
    expect(err).to.match(/^cricket: no container has the name or id "nobody"/);
  });
});
