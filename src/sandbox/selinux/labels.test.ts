import { expect } from 'chai';
import { freshLevel, labelsFor } from './labels.ts';

const contexts = { process: 'system_u:system_r:container_t:s0', file: 'system_u:object_r:container_file_t:s0' };
const options = (given: object) => ({ user: '', role: '', type: '', level: '', ...given });

describe('labels of a container', () => {
  it("are the host's with the level of the pod", () => {
    const expected = {
      processLabel: 'system_u:system_r:container_t:s0:c1,c2',
      mountLabel: 'system_u:object_r:container_file_t:s0:c1,c2',
    };
    expect(labelsFor(contexts, null, 's0:c1,c2')).to.deep.equal(expected);
    expect(labelsFor(contexts, options({}), 's0:c1,c2')).to.deep.equal(expected);
  });

  it('have what is asked for in its place, files its user and level alone', () => {
    expect(labelsFor(contexts, options({ level: 's0:c3' }), 's0:c1,c2')).to.deep.equal({
      processLabel: 'system_u:system_r:container_t:s0:c3',
      mountLabel: 'system_u:object_r:container_file_t:s0:c3',
    });
    expect(labelsFor(contexts, options({ user: 'u', role: 'r', type: 'spc_t' }), '')).to.deep.equal({
      processLabel: 'u:r:spc_t:s0',
      mountLabel: 'u:object_r:container_file_t:s0',
    });
  });

  it('are none where SELinux is off', () =>
    expect(labelsFor(undefined, options({ level: 's0' }), 's0')).to.deep.equal({ processLabel: '', mountLabel: '' }));
});

describe('freshLevel', () => {
  it('takes two categories in order, that no other pod has', () => {
    const numbers = [5, 5, 7, 5, 1023, 0];
    const random = () => numbers.shift() ?? 0;
    expect(freshLevel(new Set(), random)).to.equal('s0:c5,c6');
    expect(freshLevel(new Set(['s0:c5,c7']), random)).to.equal('s0:c0,c1023');
  });
});
