import { expect } from 'chai';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSetFlag } from './flags.ts';
import { parseLayer } from './layers.ts';
import { loadConfig } from './load.ts';
import { parseConfig } from './parse.ts';
import { printConfig, printDefaults } from './print.ts';

const from = (text: string) => parseConfig([parseLayer('/etc/cricket/cricket.toml', text)]);

describe('configuration', () => {
  it('has a value for everything without a file', () => {
    const config = parseConfig([]);
    expect(config.socket).to.equal('/run/cricket/cricket.sock');
    expect(config.runtimes['crun']).to.deep.equal({
      path: '/usr/bin/crun',
      type: 'oci',
      options: [],
      allowedAnnotations: [],
      root: '/run/cricket/runtimes/crun',
    });
    expect(config.ulimits.nofile).to.deep.equal({ soft: 1024, hard: 524288 });
    expect(config.network.cniBinDirs).to.deep.equal(['/opt/cni/bin', '/usr/lib/cni']);
  });

  it('reads its own print back to the same', () => {
    const config = from(
      'group = "998"\ndefault_runtime = "my.vm"\n[runtimes."my.vm"]\npath = "/opt/a b"\n[ulimits.core]\nsoft=0\nhard=-1\n[images]\nplain_http = ["a.b:5000"]\n[[blockio.classes.slow]]\nweight = 10\n[[blockio.classes.slow]]\ndevices = ["/dev/sd*"]\nthrottle_read_bps = "60M"\n',
    );
    const printed = printConfig(config);
    expect(from(printed)).to.deep.equal(config);
    expect(printed).to.contain('# Least severe level that is written to stderr.');
  });

  it('has a file to begin with, which changes nothing, nor does what stands behind its #', () => {
    const text = printDefaults();
    expect(from(text)).to.deep.equal(parseConfig([]));
    expect(text).to.not.match(/^[a-z]/m);
    expect(from(text.replace(/^#(?! )/gm, ''))).to.deep.equal(parseConfig([]));
  });

  const refusals: readonly (readonly [string, string])[] = [
    [
      '[log]\nlevel = "loud"',
      '/etc/cricket/cricket.toml: log.level = "loud": must be one of "trace", "debug", "info", "warn", "error"',
    ],
    ['[[blockio.classes.a]]\nthrottle_read_bps = 5', 'blockio.classes.a.0 = {'],
    ['[[blockio.classes.a]]\nweight = 5', 'blockio.classes.a.0.weight = 5: must be a whole number from 10 to 1000'],
    ['socket = "run/x"', 'socket = "run/x": must be an absolute path'],
    ['colour = 1', '/etc/cricket/cricket.toml: colour: unknown setting; known outside the sections: socket'],
    ['[network]\ncniConfDir = "/x"', 'network.cniConfDir: unknown setting; known in [network]: mode'],
    [
      '[network]\nranges = ["10.85.0.1/16"]',
      'network.ranges = ["10.85.0.1/16"]: network.ranges "10.85.0.1/16": has host bits set, write 10.85.0.0/16',
    ],
    ['[metrics]\naddress = "9464"', 'metrics.address = "9464": must be an IP address and a port'],
    ['[images]\nmax_parallel_pulls = 0', 'images.max_parallel_pulls = 0: must be a whole number from 1 to 64'],
    ['[images]\nmax_parallel_pulls = "3"', 'images.max_parallel_pulls = "3": must be a number'],
    [
      '[runtimes.kata]\ntype = "oci"',
      '/etc/cricket/cricket.toml: runtimes.kata.path: is missing and must be text in quotes',
    ],
    ['[runtimes.Kata]\npath = "/x"', 'name not allowed: runtime names are lower-case'],
    [
      '[ulimits.files]\nsoft = 1\nhard = 1',
      'ulimits.files = {"soft":1,"hard":1}: name not allowed: must be one of as, core',
    ],
    ['[ulimits.nofile]\nsoft = 9\nhard = 1', 'must have a soft limit not above the hard one'],
    ['default_runtime = "gvisor"', 'default_runtime = "gvisor": must be the name of a table under [runtimes]'],
    ['log = 3', 'log = 3: must be a table'],
    ['[log', 'cricket.toml:1:2: not TOML'],
    ['__proto__ = 1', 'unknown setting'],
  ];
  for (const [text, message] of refusals)
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => from(text))
        .to.throw(message)
        .with.property('code', 'invalid_argument');
    });

  it('tells every mistake at once', () => {
    expect(() => from('a = 1\n[log]\nlevel = 1\n[cgroup]\ndriver = "x"')).to.throw(
      /a: unknown[^\n]*\n.*log\.level[^\n]*\n.*cgroup\.driver/,
    );
  });

  it('takes --set as typed for text and as TOML for the rest', () => {
    const config = parseConfig(['group=1000', 'network.mtu=1400', 'images.plain_http=["a:1"]'].map(parseSetFlag));
    expect([config.group, config.network.mtu, config.images.plainHttp]).to.deep.equal(['1000', 1400, ['a:1']]);
    expect(() => parseConfig([parseSetFlag('log.level=x')])).to.throw(
      '--set log.level=x: log.level = "x": must be one of',
    );
    expect(() => parseSetFlag('network.mtu=many')).to.throw('network.mtu is a number');
    expect(() => parseSetFlag('nothing')).to.throw('must be key=value');
  });

  describe('files', () => {
    let directory: string;
    beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'cricket-config-'))));
    afterEach(() => rm(directory, { recursive: true }));

    it('lays drop-ins over the file in order of names, and flags over both', async () => {
      const file = join(directory, 'cricket.toml');
      await mkdir(join(directory, 'conf.d'));
      await writeFile(file, 'group = "a"\n[log]\nlevel = "error"\n');
      await writeFile(join(directory, 'conf.d/20.toml'), 'group = "c"\n');
      await writeFile(join(directory, 'conf.d/10.toml'), 'group = "b"\nroot = "/r"\n');
      await writeFile(join(directory, 'conf.d/30.toml.bak'), 'nonsense');
      const config = await loadConfig({ file, mustExist: true, flags: [parseSetFlag('root=/flag')] });
      expect([config.group, config.log.level, config.root]).to.deep.equal(['c', 'error', '/flag']);
    });

    it('misses only a file that a user named', async () => {
      const options = { file: join(directory, 'none.toml'), flags: [] };
      expect((await loadConfig({ ...options, mustExist: false })).group).to.equal('root');
      const error: unknown = await loadConfig({ ...options, mustExist: true }).catch((reason: unknown) => reason);
      expect(error).to.have.property('code', 'not_found');
    });
  });
});
