import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { demoImage } from '../../hack/lib/demo-image.ts';
import { blocksFor, commandBlocks } from '../../hack/lib/docs/commands.ts';
import { ociArchive } from '../../hack/lib/oci/archive.ts';
import { prepareForPackages } from './debian.ts';

const guides = join(import.meta.dirname, '../../docs/guides');
const lab = join(process.env['CRICKET_CACHE'] ?? '/var/cache/cricket-lab', 'bin');
/** What the guides speak of as Docker Hub's busybox. */
const image = 'docker.io/library/busybox:1';
/** The first installs what the others use. */
const first = 'standalone.md';

/** Every block by itself, as a reader would paste it, in a folder that holds the package. */
describe('commands of the guides', function () {
  this.timeout(180_000);
  const folder = '/tmp/guides';
  const env = { ...process.env, PATH: `${lab}:${process.env['PATH'] ?? ''}`, DEBIAN_FRONTEND: 'noninteractive' };

  before(() => {
    const [deb = ''] = (process.env['CRICKET_TEST_PACKAGES'] ?? '').split(':');
    prepareForPackages();
    mkdirSync(folder);
    // By itself crictl waits two seconds, which is little in emulation.
    writeFileSync('/etc/crictl.yaml', 'timeout: 60\n');
    symlinkSync(deb, join(folder, basename(deb)));
  });
  after(() => {
    execFileSync('dpkg', ['--purge', 'cricket'], { stdio: 'inherit' });
  });

  const bash = (text: string) =>
    execFileSync('bash', ['-euo', 'pipefail', '-c', text], {
      cwd: folder,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });

  for (const file of [
    first,
    ...globSync('*.md', { cwd: guides })
      .filter((name) => name !== first)
      .sort(),
  ]) {
    const blocks = blocksFor('machine', commandBlocks(readFileSync(join(guides, file), 'utf8'), file));
    for (const [at, { line, text }] of blocks.entries())
      it(`${file}:${line}`, () => {
        bash(text);
        if (file === first && at === 0) importImage();
      });
  }

  /** Nothing can be pulled here. */
  function importImage(): void {
    writeFileSync('/tmp/busybox.tar', ociArchive(demoImage(), image));
    bash('cricket images import /tmp/busybox.tar');
  }
});
