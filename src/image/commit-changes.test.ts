import { expect } from 'chai';
import { changed } from './commit-changes.ts';

describe('changes of a commit', () => {
  it('mean what they mean in a Dockerfile', () => {
    const before = { Env: ['A=1', 'B=2'], Cmd: ['old'], WorkingDir: '/srv', Labels: { a: 'b' } };
    const after = [
      'CMD ["run", "it"]',
      'ENV A=x "C D"=y E=\'a b\' F="q\\"r"',
      'env OLD form of it',
      'EXPOSE 80 53/udp',
      'LABEL a=c other="two words"',
      'USER 1000:1000',
      'VOLUME ["/data"]',
      'WORKDIR app',
      'STOPSIGNAL SIGQUIT',
    ].reduce<object>(changed, before);
    expect(after).to.deep.equal({
      Env: ['A=x', 'B=2', 'C D=y', 'E=a b', 'F=q"r', 'OLD=form of it'],
      ...{ Cmd: ['run', 'it'], WorkingDir: '/srv/app', User: '1000:1000', StopSignal: 'SIGQUIT' },
      Labels: { a: 'c', other: 'two words' },
      ...{ ExposedPorts: { '80/tcp': {}, '53/udp': {} }, Volumes: { '/data': {} } },
    });
    expect(changed(before, 'ENTRYPOINT exec it')).to.deep.include({
      Entrypoint: ['/bin/sh', '-c', 'exec it'],
      Cmd: null,
    });
    expect(changed({}, 'WORKDIR /there').WorkingDir).to.equal('/there');
  });

  it('that are none are refused', () => {
    for (const text of ['', 'CMD', 'RUN x', 'FROM y', 'ENV =x', 'CMD [1]', 'CMD ["a"', 'HEALTHCHECK x'])
      expect(() => changed({}, text), text).to.throw(/^change ".*": /);
  });
});
