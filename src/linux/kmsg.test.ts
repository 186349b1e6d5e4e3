import { expect } from 'chai';
import { openKernelLog, parseRecord } from './kmsg.ts';

describe('the kernel log', () => {
  it('is a sequence number and a text, with what the kernel escaped', () => {
    expect(parseRecord('6,120307,12408044852,-;oom-kill: x\n SUBSYSTEM=y\n')).to.deep.equal({
      ...{ sequence: 120307, micros: 12408044852, text: 'oom-kill: x' },
    });
    expect(parseRecord('3,1,2,c,caller=T1;a\\x0ab \\xc3\\xbc \\x5c;')).to.deep.equal({
      ...{ sequence: 1, micros: 2 },
      text: 'a\nb ü \\;',
    });
  });

  it('is not what programs write into it', () => {
    expect(parseRecord('12,5,6,-;Memory cgroup out of memory: Killed process 1 (x)')).to.equal('other');
    expect(parseRecord('nonsense')).to.equal('other');
  });

  it('is undefined where there is none', () => {
    expect(openKernelLog('/nonexistent')).to.equal(undefined);
    expect(openKernelLog('/dev/null'), 'what containers have in its place').to.equal(undefined);
  });
});
