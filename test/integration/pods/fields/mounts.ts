import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImageSpec, MountPropagation } from '../../../../api/cri/v1/api.ts';
import type { Mount } from '../../../../api/cri/v1/api.ts';
import { filled } from '../../../../hack/lib/cri-client.ts';
import { demoReference } from '../../../fixtures/daemon.ts';
import type { FieldGroup } from '../field-group.ts';
import { mountAt } from './mounted.ts';

const propagations = {
  private: MountPropagation.PROPAGATION_PRIVATE,
  rslave: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  rshared: MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;
const flags = ['nosuid', 'nodev', 'noexec'];

const bind = fc.record({
  kind: fc.constantFrom('directory', 'file', 'missing', 'symlink', 'missing-deep'),
  at: fc.constantFrom('/mnt/a b', '/data', '/mnt/deep/er', '/mnt/ä', '/mnt/x/../y', '/tmp/t/'),
  readonly: fc.boolean(),
  recursive: fc.boolean(),
  propagation: fc.constantFrom('private', 'rslave', 'rshared'),
  selinuxRelabel: fc.boolean(),
  options: fc.subarray(['nosuid', 'nodev', 'noexec', 'noatime']),
});
const wishes = fc.record({
  binds: fc.uniqueArray(bind, { maxLength: 4, selector: ({ at }) => at }),
  image: fc.constantFrom(undefined, '', 'bin', 'etc'),
});
type Wish = typeof wishes extends fc.Arbitrary<infer T> ? T : never;
type Bind = Wish['binds'][number];

const sourceOf = (dir: string, { kind }: Bind, index: number) => join(dir, `${kind}-${index}`);
const isRecursive = ({ readonly, recursive, propagation }: Bind) => readonly && recursive && propagation === 'private';
const pointOf = ({ at }: Bind) => at.replace('/x/..', '').replace(/\/$/, '');

/** Host paths and image volumes. */
export const mountFields: FieldGroup<Wish & { readonly dir: string }> = {
  wishes: ({ dir }) => wishes.map((wish) => ({ ...wish, dir: join(dir, 'sources') })),
  put: (draft, { binds, image, dir }) => {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    const mounts = binds.map((one, index): Partial<Mount> => {
      const source = sourceOf(dir, one, index);
      prepare(source, one);
      return {
        hostPath: one.kind === 'missing-deep' ? join(source, 'and/more') : source,
        containerPath: one.at,
        readonly: one.readonly,
        recursiveReadOnly: isRecursive(one),
        propagation: propagations[one.propagation],
        selinuxRelabel: one.selinuxRelabel,
        mountOptions: one.options,
      };
    });
    const volume = {
      containerPath: '/volume',
      image: filled(ImageSpec, { image: demoReference }),
      imageSubPath: image,
    };
    const all = image === undefined ? mounts : [...mounts, volume as Partial<Mount>];
    return { ...draft, container: { ...draft.container, mounts: all } };
  },
  check: ({ pid, status, place }, { binds, image, dir }) => {
    const hosts = mountAt('self', place.dir)?.shared ?? '';
    expect(hosts).not.to.equal('');
    binds.forEach((one, index) => {
      const mounted = mountAt(pid, pointOf(one));
      const source = sourceOf(dir, one, index);
      const target = targetOf(source, one);
      expect(mounted, one.at).not.to.equal(undefined);
      expect(target.endsWith(mounted?.root ?? '?'), `${one.at}: ${mounted?.root}`).to.equal(true);
      expect(mounted?.options.has('ro'), `${one.at} ro`).to.equal(one.readonly);
      // Shared with others than the host is private too: so the runtimes leave them beside a mount that is to be shared.
      const { shared, master } = mounted ?? { shared: '', master: '' };
      const seen = shared === hosts ? 'rshared' : master === hosts ? 'rslave' : 'private';
      expect(seen, `${one.at} propagation`).to.equal(one.propagation);
      for (const flag of flags)
        expect(mounted?.options.has(flag), `${one.at} ${flag}`).to.equal(one.options.includes(flag));
      if (one.options.includes('noatime')) expect(mounted?.options.has('noatime')).to.equal(true);
      expect(statSync(target).isDirectory()).to.equal(one.kind !== 'file');
      if (one.kind.startsWith('missing')) expect(statSync(target)).to.include({ uid: 0, gid: 0, mode: 0o40755 });
    });
    expect(status.mounts.slice(0, binds.length)).to.have.length(binds.length);
    if (image === undefined) return;
    expect(mountAt(pid, '/volume')?.options.has('ro')).to.equal(true);
    const busybox = `/proc/${pid}/root/volume/${image === 'bin' ? '' : 'bin/'}busybox`;
    expect(existsSync(busybox)).to.equal(image !== 'etc');
  },
};

function targetOf(source: string, { kind }: Bind): string {
  if (kind === 'symlink') return `${source}.target`;
  return kind === 'missing-deep' ? `${source}/and/more` : source;
}

function prepare(source: string, { kind }: Bind): void {
  if (kind === 'file') writeFileSync(source, 'x');
  if (kind === 'directory') mkdirSync(source);
  if (kind !== 'symlink') return;
  mkdirSync(`${source}.target`);
  symlinkSync(`${source}.target`, source);
}
