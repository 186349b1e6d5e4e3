import { expect } from 'chai';
import { parseProfiles } from './apparmor.ts';

describe('parseProfiles', () => {
  it('reads names as the kernel lists them, with blanks and brackets of their own', () => {
    const text = 'cricket-default (enforce)\n/usr/bin/man (complain)\na (b) c (unconfined)\n:ns:x//hat (kill)\n';
    expect([...parseProfiles(text)]).to.deep.equal(['cricket-default', '/usr/bin/man', 'a (b) c', ':ns:x//hat']);
    expect([...parseProfiles('')]).to.deep.equal([]);
  });
});
