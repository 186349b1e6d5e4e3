import { expect } from 'chai';
import {
  LinuxContainerSecurityContext,
  PodSandboxConfig,
  SecurityProfile,
  SecurityProfile_ProfileType,
} from '../../../../api/cri/v1/api.ts';
import { filled } from '../../../../hack/lib/cri-client.ts';
import { parsePodConfig } from './pod-config.ts';
import { parseSecurity } from './security.ts';

const refused = (act: () => unknown, said: string | RegExp) =>
  expect(act).to.throw(said).with.property('code', 'invalid_argument');

describe('parseSecurity', () => {
  const pod = parsePodConfig({
    ...PodSandboxConfig.decode(new Uint8Array()),
    metadata: { name: 'p', uid: '', namespace: '', attempt: 0 },
  });
  const parse = (fields: Partial<LinuxContainerSecurityContext>) =>
    parseSecurity(filled(LinuxContainerSecurityContext, fields), pod);
  const profile = (profileType: SecurityProfile_ProfileType, localhostRef = '') =>
    filled(SecurityProfile, { profileType, localhostRef });

  it('knows a profile by its kind, and by the path that older clients write', () => {
    const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;
    expect(parse({ seccomp: profile(RuntimeDefault) }).seccomp.kind).to.equal('runtime-default');
    expect(parse({ seccomp: profile(Unconfined) }).seccomp.kind).to.equal('unconfined');
    expect(parse({ seccomp: profile(Localhost, '/p.json') }).seccomp.reference).to.equal('/p.json');
    refused(() => parse({ seccomp: profile(Localhost) }), 'localhost_ref is empty');
    /* eslint-disable @typescript-eslint/no-deprecated -- older clients still write it */
    expect(parse({ seccompProfilePath: 'runtime/default' }).seccomp.kind).to.equal('runtime-default');
    expect(parse({ seccompProfilePath: 'localhost//x.json' }).seccomp.reference).to.equal('/x.json');
    refused(() => parse({ seccompProfilePath: 'localhost/x.json' }), 'must be an absolute path');
    refused(() => parse({ seccompProfilePath: 'strict' }), 'none of unconfined');
    const both = { seccomp: profile(Unconfined), seccompProfilePath: 'runtime/default' };
    expect(parse(both).seccomp.kind, 'the newer field counts').to.equal('unconfined');
  });

  it('takes localhost/ in front of a profile in the newer field too', () => {
    const { Localhost, Unconfined } = SecurityProfile_ProfileType;
    for (const name of ['seccomp', 'apparmor'] as const) {
      expect(parse({ [name]: profile(Localhost, 'localhost//x') })[name].reference).to.equal('/x');
      refused(() => parse({ [name]: profile(Localhost, 'localhost/') }), `${name}.localhost_ref is empty`);
      refused(() => parse({ [name]: profile(9 as SecurityProfile_ProfileType) }), `${name}.profile_type is 9`);
    }
    expect(parse({}).apparmor.kind, 'no word').to.equal('unset');
    expect(parse({ apparmor: profile(Unconfined) }).apparmor.kind).to.equal('unconfined');
    /* eslint-disable @typescript-eslint/no-deprecated -- older clients still write them */
    expect(parse({ apparmorProfile: 'localhost/x' }).apparmor).to.deep.equal({ kind: 'localhost', reference: 'x' });
    refused(() => parse({ apparmorProfile: 'localhost/' }), 'apparmor_profile is empty');
    refused(() => parse({ apparmorProfile: 'x' }), 'none of unconfined');
    /* eslint-enable @typescript-eslint/no-deprecated */
  });

  it('lets nobody be privileged in a sandbox that is not', () => {
    refused(() => parse({ privileged: true }), 'sandbox is not privileged');
    const security = parseSecurity(filled(LinuxContainerSecurityContext, { privileged: true }), {
      ...pod,
      privileged: true,
    });
    expect(security.privileged).to.equal(true);
  });

  it('knows a user by number or name, a group only beside one of them', () => {
    expect(parse({ runAsUser: { value: 0n } }).user).to.include({ uid: 0, gid: null, username: '' });
    expect(parse({ runAsUsername: 'web', runAsGroup: { value: 7n } }).user).to.include({ uid: null, gid: 7 });
    refused(() => parse({ runAsGroup: { value: 7n } }), 'without run_as_user');
    refused(() => parse({ runAsUser: { value: -1n } }), '0 to 4294967294');
  });
});
