import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { demoImage, demoReference } from '../../hack/lib/demo-image.ts';
import { ociArchive } from '../../hack/lib/oci/archive.ts';
import { cricketMain, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { startRegistry } from '../fixtures/images/registry.ts';
import { repository } from './commands.ts';
import { crictlBinary } from './crictl/crictl.ts';

const page = readFileSync(join(repository, 'docs/from-docker.md'), 'utf8');
/** Every command of Docker's everyday part with its flags, from its own reference. */
const reference = JSON.parse(readFileSync(join(repository, 'test/fixtures/docker-cli.json'), 'utf8')) as Record<
  string,
  string[]
>;

interface Row {
  readonly docker: string;
  readonly here: string;
  readonly line: string;
  readonly tested: string;
}

const rows: readonly Row[] = page
  .split('\n')
  .filter((text) => text.startsWith('| `docker'))
  .map((text) => {
    const [, docker = '', here = '', line = '', tested = ''] = text.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { docker, here, line: line.replaceAll('\\|', '|').replace(/^`|`$/g, ''), tested };
  });

/** `docker ls`, `docker image ls` and so on mean one command. */
const aliases: Readonly<Record<string, string>> = { images: 'image ls', rmi: 'image rm', ps: 'container ls' };
const longName = (name: string): string => {
  const full = aliases[name] ?? name;
  return ['container', 'image', 'system'].map((group) => `${group} ${full}`).find((each) => each in reference) ?? full;
};

describe('docs/from-docker.md', function () {
  this.timeout(900_000);

  it('has every command and flag of Docker’s everyday part', () => {
    const told = new Map<string, Set<string>>();
    for (const { docker } of rows) {
      let name = '';
      for (const [, span = ''] of docker.matchAll(/`([^`]*)`/g)) {
        const [words = ''] = /^docker [a-z ]+/.exec(span) ?? [];
        if (words !== '') name = longName(words.slice('docker '.length).trim());
        const flags = told.get(name) ?? new Set<string>();
        for (const flag of span.match(/--[a-z0-9-]+/g) ?? []) flags.add(flag);
        if (docker.includes('and its flags')) for (const flag of reference[name] ?? []) flags.add(flag);
        told.set(name, flags);
      }
    }
    const missing = Object.entries(reference).flatMap(([name, flags]) =>
      told.has(name)
        ? flags.filter((flag) => told.get(name)?.has(flag) === false).map((flag) => `${name} ${flag}`)
        : [name],
    );
    expect(missing).to.deep.equal([]);
  });

  it('says of each line that it is run, or why not', () => {
    for (const { docker, here, line, tested } of rows) {
      expect(here, docker).to.not.equal('');
      expect(tested, docker).to.match(/^(✓|no: .+)$/);
      if (tested === '✓') expect(line, docker).to.not.equal('');
    }
  });

  describe('its lines', () => {
    let cricket: Cricket;
    let registry: Awaited<ReturnType<typeof startRegistry>>;
    before(async () => {
      cricket = await startCricket({ demo: false });
      registry = await startRegistry({ dir: join(cricket.dir, 'registry') });
      const archive = join(cricket.dir, 'busybox.oci.tar');
      writeFileSync(archive, ociArchive(demoImage(), demoReference));
      const target = `docker://${registry.host}/library/busybox:latest`;
      await promisify(execFile)('skopeo', ['copy', '-q', '--dest-tls-verify=false', `oci-archive:${archive}`, target]);
      const certs = join(cricket.dir, 'certs.d/docker.io');
      mkdirSync(certs, { recursive: true });
      writeFileSync(
        join(certs, 'hosts.toml'),
        `[host."http://${registry.host}"]\ncapabilities = ["pull", "resolve"]\n`,
      );
      mkdirSync(join(cricket.dir, 'bin'));
      mkdirSync(join(cricket.dir, 'work'));
      writeFileSync(join(cricket.dir, 'bin/cricket'), wrapper(cricket));
      chmodSync(join(cricket.dir, 'bin/cricket'), 0o755);
    });
    after(async () => {
      await registry.stop();
      await cricket.stop();
    });

    it('run in their order', async () => {
      for (const { line } of rows.filter(({ tested }) => tested === '✓')) {
        const path = `${join(cricket.dir, 'bin')}:${dirname(crictlBinary())}:${process.env['PATH'] ?? ''}`;
        const env = { ...process.env, PATH: path, CONTAINER_RUNTIME_ENDPOINT: cricket.endpoint };
        const failed = await promisify(execFile)('sh', ['-ec', line], {
          cwd: join(cricket.dir, 'work'),
          env,
          timeout: 120_000,
        }).then(
          () => '',
          (error: unknown) => String(error),
        );
        expect(failed, line).to.equal('');
      }
      expect(await cricket.left()).to.deep.equal([]);
    });
  });
});

/** `cricket`, beside the daemon of the test: its settings go behind the words that name the command. */
const wrapper = ({ config }: Cricket) => `#!/bin/sh
case "$1" in
images | volumes) words="$1 $2"; shift 2 ;;
*) words=$1; shift ;;
esac
case "$words" in
version) exec ${process.execPath} ${cricketMain} version ;;
esac
exec ${process.execPath} ${cricketMain} $words --config ${config} "$@"
`;
