import { expect } from 'chai';
import { OomMessages } from './oom-messages.ts';

const summary = (task: string, name = 'hog', pid = 7) =>
  `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=${task},mems_allowed=0,oom_memcg=/pods/p,task_memcg=${task},task=${name},pid=${pid},uid=0`;
const killed = (pid = 7, name = 'hog') =>
  `Memory cgroup out of memory: Killed process ${pid} (${name}) total-vm:221368kB, anon-rss:20096kB, file-rss:6644kB, shmem-rss:4kB, UID:0 pgtables:100kB oom_score_adj:0`;
const usage = 'memory: usage 20480kB, limit 20480kB, failcnt 49';
const read = (...lines: readonly string[]) => {
  const messages = new OomMessages();
  return lines.map((line) => messages.read(line)).filter((victim) => victim !== undefined);
};

describe('OOM messages of the kernel', () => {
  it('make one victim of the lines of one kill', () => {
    const [victim, ...more] = read('hog invoked oom-killer: gfp_mask=0xcc0', usage, summary('/pods/p/c'), killed());
    expect(more).to.deep.equal([]);
    expect(victim).to.deep.equal({
      ...{ pid: 7, name: 'hog', rssBytes: 26744 * 1024, cgroup: { path: '/pods/p/c', certain: true } },
      ...{ ranOut: { path: '/pods/p' }, usageBytes: 20480 * 1024, limitBytes: 20480 * 1024 },
    });
  });

  it('are understood whatever a process or a cgroup is called', () => {
    for (const name of ['a b', '(x) total-vm:1', ',pid=1,uid=0', ') (', 'Killed process', 'ü\n', ''])
      for (const path of ['/a,b', '/a,task=x,pid=1', '/a b'])
        expect(read(summary(path, name), killed(7, name))[0], `${name} in ${path}`).to.deep.include({
          ...{ pid: 7, name, cgroup: { path, certain: true } },
        });
  });

  it('of a kill without its first lines tell only what the last one says', () => {
    const [first, second] = read(usage, summary('/a'), killed(), killed(8, 'other'));
    expect(first?.cgroup).to.deep.equal({ path: '/a', certain: true });
    expect(second).to.deep.include({
      pid: 8,
      name: 'other',
      cgroup: undefined,
      ranOut: undefined,
      usageBytes: undefined,
    });
    expect(read(summary('/a', 'x', 1), killed(2))[0]?.cgroup, 'of another process').to.equal(undefined);
  });

  it('of a group killed together are of its cgroup, but not for certain', () => {
    const group = 'Tasks in /a/c are going to be killed due to memory.oom.group set';
    const [, second, third] = read(summary('/a/c'), killed(), group, killed(8), summary('/b', 'y', 9), killed(9));
    expect(second?.cgroup).to.deep.equal({ path: '/a/c', certain: false });
    expect(third?.cgroup).to.deep.equal({ path: '/b', certain: true });
  });

  it('of the whole machine are told so, and no limit is no number', () => {
    const all = `oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/c,task=x,pid=3,uid=1`;
    const line = 'Out of memory: Killed process 3 (x) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:1';
    expect(read(all, line)[0]).to.deep.include({ ranOut: 'machine', cgroup: { path: '/c', certain: true } });
    const unlimited = 'memory: usage 20480kB, limit 9007199254740988kB, failcnt 0';
    expect(read(unlimited, summary('/a'), killed())[0]).to.deep.include({
      usageBytes: 20480 * 1024,
      limitBytes: undefined,
    });
  });

  it('say nothing otherwise', () => {
    expect(
      read('', 'Killed process 7 (x)', 'oom_reaper: reaped process 7 (hog), now anon-rss:0kB', 'audit: oom'),
    ).to.deep.equal([]);
  });
});
