import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { capabilitiesFrom, capabilityNames, readCapabilities } from './capabilities.ts';

const status = (bounding: string, permitted: string) => `Name:\tx\nCapPrm:\t${permitted}\nCapBnd:\t${bounding}\n`;

describe('own capabilities', () => {
  it('are those of this process', () => {
    const { known, grantable } = readCapabilities();
    const bits = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
    expect(known).to.have.length(Math.min(last + 1, capabilityNames.length));
    expect(grantable.includes('CAP_SYS_RESOURCE')).to.equal(((BigInt(`0x${bits}`) >> 24n) & 1n) === 1n);
  });

  it('are what is both bounding and permitted', () => {
    expect(capabilitiesFrom(status('0000000000000023', '0000000000000061'), 40).grantable).to.deep.equal([
      'CAP_CHOWN',
      'CAP_KILL',
    ]);
  });

  it('end where an older kernel ends', () => {
    const all = 'ffffffffffffffff';
    expect(capabilitiesFrom(status(all, all), 37).known.at(-1)).to.equal('CAP_AUDIT_READ');
    expect(capabilitiesFrom(status(all, all), 99).grantable).to.deep.equal(capabilityNames);
  });

  it('are an error when the file says nothing', () => {
    expect(() => capabilitiesFrom('Name:\tx\n', 40)).to.throw('no CapBnd');
  });
});
