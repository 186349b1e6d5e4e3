import { expect } from 'chai';
import { parseContexts } from './selinux.ts';

describe('parseContexts', () => {
  it("reads a policy's contexts of containers, and has some of its own", () => {
    const text = '# x\nprocess = "system_u:system_r:svirt_t:s0"\nfile="system_u:object_r:svirt_file_t:s0"\n';
    expect(parseContexts(text)).to.deep.equal({
      process: 'system_u:system_r:svirt_t:s0',
      file: 'system_u:object_r:svirt_file_t:s0',
    });
    expect(parseContexts('').process).to.equal('system_u:system_r:container_t:s0');
  });
});
