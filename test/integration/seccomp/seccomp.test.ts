import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSpec } from '../../../src/sandbox/oci/spec/encode.ts';
import { sampleInput } from '../../../src/sandbox/oci/spec/sample.test.ts';
import { buildSpec } from '../../../src/sandbox/oci/spec/spec.ts';
import { compileProber } from './prober.ts';
import { probes } from './table.ts';
import type { SpecInput } from '../../../src/sandbox/oci/spec/input.ts';

const { EPERM } = constants.errno;
const cgroup = '/cricket-test-seccomp';

for (const runtime of ['crun', 'runc']) {
  describe(`the default seccomp profile under ${runtime}`, function () {
    this.timeout(60_000);
    let directory: string;

    before(() => {
      directory = mkdtempSync(join(tmpdir(), 'cricket-test-seccomp-'));
      const rootfs = join(directory, 'rootfs');
      for (const folder of ['proc', 'sys', 'dev']) mkdirSync(join(rootfs, folder), { recursive: true });
      compileProber(rootfs, probes);
    });

    after(() => {
      rmSync(directory, { recursive: true });
      for (const path of globSync(`/sys/fs/cgroup{/*,}${cgroup}`)) rmdirSync(path);
    });

    /** The errno of every probe, 0 for success. */
    function probe(seccomp: SpecInput['seccomp'], add: readonly string[]): readonly number[] {
      const capabilities = { add, drop: [], addAmbient: [] };
      const id = `cricket-test-seccomp-${process.pid}`;
      const rootfs = { path: join(directory, 'rootfs'), readonly: true };
      const args = ['/prober'];
      const spec = buildSpec(sampleInput({ id, cgroupsPath: `${cgroup}/${id}`, rootfs, args, capabilities, seccomp }));
      writeFileSync(join(directory, 'config.json'), encodeSpec(spec));
      const output = execFileSync(runtime, ['--root', join(directory, 'state'), 'run', '-b', directory, id], {
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
      });
      return output.trim().split('\n').map(Number);
    }

    it('stops what it should, and nothing else, with and without the capabilities that open it', () => {
      const unconfined = { kind: 'unconfined' } as const;
      const filtered = { kind: 'runtime_default' } as const;
      const [plain, closed] = [probe(unconfined, []), probe(filtered, [])];
      const [all, opened] = [probe(unconfined, ['ALL']), probe(filtered, ['ALL'])];

      probes.forEach(({ name, args, rule, closed: answer }, i) => {
        const what = `${name}(${args.join(', ')}), ${rule}`;
        const isDefault = rule === 'open' || rule === 'CAP_SYS_CHROOT';
        expect(all[i], `${what}: the kernel's own answer tells nothing`).to.not.equal(EPERM);
        expect(closed[i], `${what}: default capabilities`).to.equal(isDefault ? plain[i] : constants.errno[answer]);
        expect(opened[i], `${what}: all capabilities`).to.equal(rule === 'never' ? EPERM : all[i]);
      });
    });
  });
}
