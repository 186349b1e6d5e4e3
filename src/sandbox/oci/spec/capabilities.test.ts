import { expect } from 'chai';
import { capabilityNames } from '../../../linux/capabilities.ts';
import { capabilitySection } from './capabilities.ts';
import { sampleInput } from './sample.test.ts';
import type { CapabilityRequest } from './input.ts';

const section = (request: Partial<CapabilityRequest>, changes = {}) =>
  capabilitySection(sampleInput({ capabilities: { add: [], drop: [], addAmbient: [], ...request }, ...changes }));
const bounding = (request: Partial<CapabilityRequest>) => section(request).sets.bounding;
const grantable = capabilityNames.filter((name) => name !== 'CAP_SYS_RESOURCE');

describe('capabilities', () => {
  it('are the defaults, in all sets that an exec of root needs', () => {
    const { sets, withheld } = section({});
    expect(sets.bounding).to.include.members(['CAP_CHOWN', 'CAP_NET_RAW']).and.not.include('CAP_SYS_ADMIN');
    expect(sets.effective).to.deep.equal(sets.bounding);
    expect(sets.permitted).to.deep.equal(sets.bounding);
    expect([...sets.inheritable, ...sets.ambient, ...withheld]).to.deep.equal([]);
  });

  it('are named in any case, with or without CAP_', () => {
    expect(bounding({ add: ['net_admin', 'CAP_SYS_TIME', 'cap_bpf'] })).to.include.members([
      'CAP_NET_ADMIN',
      'CAP_SYS_TIME',
      'CAP_BPF',
    ]);
    expect(bounding({ drop: ['cap_chown'] })).to.not.include('CAP_CHOWN');
  });

  it('ALL comes first, single names after it, drops last', () => {
    expect(bounding({ drop: ['ALL'] })).to.deep.equal([]);
    expect(bounding({ drop: ['all'], add: ['KILL'] })).to.deep.equal(['CAP_KILL']);
    expect(bounding({ add: ['ALL'], drop: ['CHOWN'] })).to.deep.equal(grantable.slice(1));
    expect(bounding({ add: ['ALL'], drop: ['ALL'] })).to.deep.equal([]);
    expect(bounding({ add: ['CHOWN'], drop: ['CHOWN'] })).to.not.include('CAP_CHOWN');
  });

  it('which the daemon cannot give are withheld and told', () => {
    const { sets, withheld } = section({ add: ['SYS_RESOURCE'] });
    expect(withheld).to.deep.equal(['CAP_SYS_RESOURCE']);
    expect(sets.bounding).to.not.include('CAP_SYS_RESOURCE');
    expect(section({ add: ['ALL'] }).withheld).to.deep.equal(['CAP_SYS_RESOURCE']);
    expect(section({ add: ['ALL'], drop: ['SYS_RESOURCE'] }).withheld).to.deep.equal([]);
  });

  it('survive the exec of an ordinary user only when ambient, and then in every set', () => {
    const { sets } = section({ addAmbient: ['NET_ADMIN'] });
    for (const set of Object.values(sets) as string[][]) expect(set).to.include('CAP_NET_ADMIN');
    expect(sets.ambient).to.deep.equal(['CAP_NET_ADMIN']);
    expect(section({ addAmbient: ['SYS_RESOURCE'] }).sets.ambient).to.deep.equal([]);
    expect(section({ addAmbient: ['ALL'] }).sets.ambient).to.deep.equal(grantable);
    expect(section({ addAmbient: ['CHOWN'], drop: ['CHOWN'] }).sets.ambient).to.deep.equal([]);
  });

  it('are all that can be given when privileged', () => {
    expect(section({ drop: ['ALL'] }, { privileged: true }).sets.bounding).to.deep.equal(grantable);
  });

  it('of an unknown name are refused', () => {
    for (const request of [{ add: ['FLY'] }, { drop: ['CAP_FLY'] }, { addAmbient: [''] }])
      expect(() => section(request))
        .to.throw('no such capability')
        .with.property('code', 'invalid_argument');
  });
});
