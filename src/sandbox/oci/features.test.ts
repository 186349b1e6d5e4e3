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

  it('have recursive read-only mounts from Linux 5.12 on', () => {
    const able = parseFeatures('{"mountOptions": ["rro"]}');
    expect(mountsRecursivelyReadonly(able, [5, 11])).to.equal(false);
    expect(mountsRecursivelyReadonly(able, [5, 12])).to.equal(true);
    expect(mountsRecursivelyReadonly(able, [6, 1])).to.equal(true);
    expect(mountsRecursivelyReadonly(parseFeatures('{}'), [6, 1])).to.equal(false);
  });
});
