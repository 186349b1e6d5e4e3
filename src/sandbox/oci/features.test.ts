import { expect } from 'chai';
import { featuresOfVersion, mountsRecursivelyReadonly, parseFeatures } from './features.ts';

describe('features of a runtime', () => {
  it('are read from what it prints, and are none in anything else', () => {
    expect([...parseFeatures('{"mountOptions": ["rro", "nosymfollow"]}').mountOptions]).to.have.members([
      'rro',
      'nosymfollow',
    ]);
    for (const text of ['', '{', '[]', '{}', '{"mountOptions": null}', '{"mountOptions": [1]}'])
      expect([...parseFeatures(text).mountOptions]).to.deep.equal([]);
  });

  it('are those of its version where it prints none', () => {
    const of = (name: string, text: string) => featuresOfVersion(name, text).mountOptions;
    expect([...of('crun', 'crun version 1.8.1\ncommit: x')]).to.include.members(['rro', 'nosuid', 'strictatime']);
    expect([...of('crun', 'crun version 1.8.1')]).to.not.include('nosymfollow');
    expect([...of('crun', 'crun version 1.3')])
      .to.include('nosuid')
      .and.not.include('rro');
    expect([...of('crun', 'crun version 2.0')]).to.include('rro');
    expect([...of('runc', 'runc version 1.0.3')])
      .to.include('nosuid')
      .and.not.include('rro');
    expect([...of('kata', 'kata version 3.1'), ...of('crun', 'hello')]).to.deep.equal([]);
  });

  it('have user namespaces where they say so, and by version crun from 1.8 and runc from 1.1 on', () => {
    expect(parseFeatures('{"linux": {"namespaces": ["user", "pid"]}}').userNamespaces).to.equal(true);
    for (const text of ['{}', '{"linux": {}}', '{"linux": {"namespaces": ["pid"]}}', '{"linux": {"namespaces": null}}'])
      expect(parseFeatures(text).userNamespaces, text).to.equal(false);
    const of = (name: string, version: string) => featuresOfVersion(name, `${name} version ${version}`).userNamespaces;
    expect([of('crun', '1.7'), of('crun', '1.8.1'), of('crun', '1.21')]).to.deep.equal([false, true, true]);
    expect([of('runc', '1.0.3'), of('runc', '1.1.5'), of('kata', '9.0')]).to.deep.equal([false, true, false]);
  });

  it('have recursive read-only mounts from Linux 5.12 on', () => {
    const able = parseFeatures('{"mountOptions": ["rro"]}');
    expect(mountsRecursivelyReadonly(able, [5, 11])).to.equal(false);
    expect(mountsRecursivelyReadonly(able, [5, 12])).to.equal(true);
    expect(mountsRecursivelyReadonly(able, [6, 1])).to.equal(true);
    expect(mountsRecursivelyReadonly(parseFeatures('{}'), [6, 1])).to.equal(false);
  });
});
