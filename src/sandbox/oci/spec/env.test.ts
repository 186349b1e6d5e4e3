import { expect } from 'chai';
import { environment } from './env.ts';

const env = (imageEnv: string[], own: string[], terminal = false) =>
  environment({ id: 'abc', hostname: 'web-0', terminal, imageEnv, env: own });

describe('environment', () => {
  it('has PATH, HOSTNAME and, on a terminal, TERM', () => {
    expect(env([], [])).to.deep.equal([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOSTNAME=web-0',
    ]);
    expect(env([], [], true)).to.include('TERM=xterm');
  });

  it('lets the image change these, and the container change both', () => {
    const result = env(['PATH=/image', 'A=image', 'HOSTNAME=image'], ['A=own', 'HOSTNAME=own', 'A=last']);
    expect(result).to.deep.equal(['PATH=/image', 'HOSTNAME=own', 'A=last']);
  });

  it('keeps values as they are: empty, with =, newlines, other scripts', () => {
    const own = ['EMPTY=', 'EQ=a=b', 'NL=a\nb', 'UNI=größe 🦗', 'CTRL=\u0001'];
    expect(env([], own).slice(2)).to.deep.equal(own);
  });

  it('leaves out what an image spells wrong and refuses it of a container', () => {
    expect(env(['NOTHING', '=x', ''], [])).to.have.length(2);
    for (const entry of ['NOTHING', '=x'])
      expect(() => env([], [entry]))
        .to.throw('has no name')
        .with.property('code', 'invalid_argument');
  });

  it('refuses what no environment can hold', () => {
    expect(() => env([], ['A=x\0y']))
      .to.throw('"A" holds a NUL')
      .with.property('code', 'invalid_argument');
    expect(() => env([], ['A=\ud800']))
      .to.throw('not valid Unicode')
      .with.property('code', 'invalid_argument');
  });
});
