import { expect } from 'chai';
import { mountSection, rootfsPropagation } from './mounts.ts';
import { sampleInput, sampleMount } from './sample.test.ts';
import type { BindMount, SpecInput } from './input.ts';

const places = (changes: Partial<SpecInput>) =>
  mountSection(sampleInput(changes)).map(({ destination }) => destination);
const mount = (changes: Partial<BindMount>) => sampleMount(changes);
const at = (destination: string, changes: Partial<SpecInput> = {}) =>
  mountSection(sampleInput(changes)).find((candidate) => candidate.destination === destination);

describe('mounts', () => {
  it('are the defaults for a container that asks for none', () => {
    expect(places({})).to.deep.equal(['/proc', '/dev', '/dev/pts', '/dev/mqueue', '/sys', '/sys/fs/cgroup']);
    expect(at('/sys')?.options).to.include('ro');
    expect(at('/dev/pts')?.options).to.include('gid=5');
  });

  it('come parents before children, after the defaults', () => {
    const wanted = ['/a/b/c', '/z', '/a', '/a/b'].map((containerPath) => mount({ containerPath }));
    expect(places({ mounts: wanted }).slice(-4)).to.deep.equal(['/z', '/a', '/a/b', '/a/b/c']);
  });

  it('replace the default at their place and those beneath it', () => {
    const over = (containerPath: string) => places({ mounts: [mount({ containerPath })] });
    expect(over('/dev')).to.deep.equal(['/proc', '/sys', '/sys/fs/cgroup', '/dev']);
    expect(over('/sys/')).to.deep.equal(['/proc', '/dev', '/dev/pts', '/dev/mqueue', '/sys']);
    expect(over('/sys/fs')).to.include('/sys').and.not.include('/sys/fs/cgroup');
    expect(over('/device')).to.include('/dev');
  });

  it("replace the pod's at their place", () => {
    const podMounts = [mount({ hostPath: '/pod/hosts', containerPath: '/etc/hosts' })];
    expect(at('/etc/hosts', { podMounts })?.source).to.equal('/pod/hosts');
    const mounts = [mount({ hostPath: '/own', containerPath: '/etc/../etc//hosts' })];
    expect(places({ podMounts, mounts }).filter((place) => place === '/etc/hosts')).to.have.length(1);
    expect(at('/etc/hosts', { podMounts, mounts })?.source).to.equal('/own');
  });

  it('say access, propagation and further options', () => {
    const options = (changes: Partial<BindMount>) => at('/data', { mounts: [mount(changes)] })?.options;
    expect(options({})).to.deep.equal(['rbind', 'rprivate', 'rw']);
    expect(options({ readonly: true, propagation: 'rslave', options: ['nodev'] })).to.deep.equal([
      'rbind',
      'rslave',
      'ro',
      'nodev',
    ]);
    expect(options({ readonly: true, recursiveReadonly: true })).to.deep.equal(['rbind', 'rprivate', 'rro']);
    expect(options({ readonly: true, recursiveReadonly: true, directory: false })).to.include('ro');
  });

  it('refuse what excludes each other, and the root', () => {
    const refused = (changes: Partial<BindMount>, why: string) =>
      expect(() => mountSection(sampleInput({ mounts: [mount(changes)] })))
        .to.throw(why)
        .with.property('code', 'invalid_argument');
    refused({ recursiveReadonly: true }, 'needs read-only');
    refused({ recursiveReadonly: true, readonly: true, propagation: 'rslave' }, 'needs private');
    refused({ containerPath: '/a/..' }, 'over /');
    refused({ containerPath: '/a\0b' }, 'NUL');
  });

  it('let events through where any mount wants them', () => {
    const of = (...kinds: BindMount['propagation'][]) =>
      rootfsPropagation({ mounts: kinds.map((propagation) => mount({ propagation })) });
    expect(of('private')).to.equal(undefined);
    expect(of('private', 'rslave')).to.equal('rslave');
    expect(of('rshared', 'rslave')).to.equal('rshared');
  });
});
