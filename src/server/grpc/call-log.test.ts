import { expect } from 'chai';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { fail } from '../../base/errors.ts';
import { isQuiet, logCall } from './call-log.ts';
import { shorten } from './shorten.ts';

function logged(path: string, request: unknown, error?: ReturnType<typeof fail>): string {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const rpc = path.slice(path.lastIndexOf('/') + 1);
  logCall(pino({ level: 'debug', base: null }, sink), { path, rpc, request, milliseconds: 1, error });
  return text;
}

describe('the line of a call', () => {
  it('holds no credential and no annotation value', () => {
    const auth = { username: 'me', password: 'hunter2', auth: 'aHVudGVyMg', identityToken: 't0', registryToken: 't1' };
    const image = { image: 'a/b', annotations: { applied: '{"env":"s3cret"}' } };
    const text = logged('/runtime.v1.ImageService/PullImage', { image, auth });
    expect(text).to.contain('"image":"a/b"').and.to.contain('[redacted]').and.to.contain('"annotations":["applied"]');
    expect(text).not.to.match(/hunter2|aHVudGVyMg|t0"|t1"|s3cret/);
  });

  it('is cut, whatever a request holds', () => {
    const config = { hostname: 'h'.repeat(1e6), portMappings: Array.from({ length: 1e4 }, () => ({ hostPort: 1 })) };
    const text = logged('/runtime.v1.RuntimeService/RunPodSandbox', { config });
    expect(text.length).to.be.lessThan(2000);
    expect(text).to.contain('… (999800 more)').and.to.contain('… (9988 more)');
  });

  it('leaves out what is unset and ends deep nesting', () => {
    expect(shorten({ a: '', b: 0, c: false, d: [], e: {}, f: 'x' })).to.deep.equal({ f: 'x' });
    let deep: Parameters<typeof shorten>[0] = 'end';
    for (let level = 0; level < 50; level++) deep = { deep };
    expect(JSON.stringify(shorten(deep)).length).to.be.lessThan(100);
  });

  it('tells ours from theirs by level, and where an unforeseen error came from', () => {
    const path = '/runtime.v1.RuntimeService/StopContainer';
    expect(logged(path, {}, fail('not_found', 'x')))
      .to.contain('"level":40')
      .and.not.to.contain('stack');
    expect(logged(path, {}, fail('internal', 'x', new TypeError('y'))))
      .to.contain('"level":50')
      .and.to.contain('call-log.test.ts');
  });

  it('is quiet about reads and probes alone', () => {
    const quiet = [
      'Version',
      'Status',
      'ListContainers',
      'ContainerStatus',
      'ExecSync',
      'ImageFsInfo',
      'GetContainerEvents',
      'RuntimeConfig',
    ];
    expect(quiet.filter((rpc) => !isQuiet(rpc))).to.deep.equal([]);
    const loud = [
      'RunPodSandbox',
      'UpdateRuntimeConfig',
      'Exec',
      'PullImage',
      'RemoveImage',
      'UpdateContainerResources',
    ];
    expect(loud.filter(isQuiet)).to.deep.equal([]);
  });
});
