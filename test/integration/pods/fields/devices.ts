import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupFile } from '../../sandbox/lab.ts';
import type { FieldGroup } from '../field-group.ts';

const hosts = { '/dev/null': 'c 1:3', '/dev/zero': 'c 1:5', '/dev/kmsg': 'c 1:11', '/dev/full': 'c 1:7' } as const;

const device = fc.record({
  hostPath: fc.constantFrom(...(Object.keys(hosts) as (keyof typeof hosts)[])),
  containerPath: fc.constantFrom('/dev/one', '/dev/deep/two', '/three', ''),
  permissions: fc.constantFrom('r', 'rw', 'mw', 'rwm', ''),
});
const wishes = fc.record({
  devices: fc.uniqueArray(device, { maxLength: 3, selector: ({ containerPath }) => containerPath }),
  cdi: fc.boolean(),
});
type Wish = typeof wishes extends fc.Arbitrary<infer T> ? T : never;

/** Below the directory that the daemon looks for such files in. */
export const cdiDirectory = (dir: string) => join(dir, 'cdi');

/** Device nodes, and devices of the Container Device Interface. */
export const deviceFields: FieldGroup<Wish & { readonly dir: string }> = {
  wishes: ({ dir }) => wishes.map((wish) => ({ ...wish, dir: cdiDirectory(dir) })),
  put: (draft, { devices, cdi, dir }) => {
    mkdirSync(dir, { recursive: true });
    const edits = { env: ['CDI=yes'], deviceNodes: [{ path: '/dev/by-cdi', hostPath: '/dev/zero' }] };
    const file = { cdiVersion: '0.6.0', kind: 'test.com/dev', devices: [{ name: 'a', containerEdits: edits }] };
    writeFileSync(join(dir, 'a.json'), JSON.stringify(file));
    return { ...draft, container: { ...draft.container, devices, cdiDevices: cdi ? ['test.com/dev=a'] : [] } };
  },
  check: ({ pid, cgroup, spec, place, draft }, { devices, cdi }) => {
    const privileged = draft.container.security?.privileged === true;
    const rules = place.cgroupVersion === 1 ? cgroupFile(cgroup, 'devices.list').split('\n') : undefined;
    if (privileged) expect(rules ?? ['a *:* rwm']).to.deep.equal(['a *:* rwm']);
    for (const { hostPath, containerPath, permissions } of devices) {
      const node = statSync(`/proc/${pid}/root${containerPath || hostPath}`);
      expect(node.isCharacterDevice() && node.rdev, hostPath).to.equal(statSync(hostPath).rdev);
      if (privileged || rules === undefined) continue;
      // The kernel keeps one rule of a device, with all that any rule of it allows.
      const [, allowed = ''] = new RegExp(`^${hosts[hostPath]} (\\w+)$`, 'm').exec(rules.join('\n')) ?? [];
      for (const permission of (permissions || 'rwm').split(''))
        expect(allowed, `${hostPath} in ${rules.join()}`).to.contain(permission);
    }
    expect(existsSync(`/proc/${pid}/root/dev/by-cdi`)).to.equal(cdi);
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes('CDI=yes')).to.equal(cdi);
    expect(spec.linux.devices.some(({ path }) => path === '/dev/kmsg')).to.equal(
      privileged || devices.some((one) => (one.containerPath || one.hostPath) === '/dev/kmsg'),
    );
  },
};
