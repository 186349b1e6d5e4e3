import { expect } from 'chai';
import { helpersOf } from './memory.ts';

const pod = 'a'.repeat(64);
const process = (pid: number, command: string, group = '/') => ({
  pid,
  command,
  started: '1',
  environment: [],
  cgroups: [group],
});

describe('benchmark memory', () => {
  it('counts shims by id and pause by cgroup, and neither workloads nor the helpers of others', () => {
    const all = [
      process(1, `containerd-shim-runc-v2 -namespace k8s.io -id ${pod} -address /run/x.sock`),
      process(2, '/pause', '/bench/a/podx/1'),
      process(3, 'sleep 86399', '/bench/a/podx/2'),
      process(4, `conmon -c ${'b'.repeat(64)}`),
      process(5, '/pause', '/bench/ab/podx/1'),
    ];
    expect(helpersOf(all, [pod], '/bench/a').map(({ pid }) => pid)).to.deep.equal([1, 2]);
  });
});
