import { expect } from 'chai';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { fail } from '../base/errors.ts';
import { parseLayer } from './config/layers.ts';
import { parseConfig } from './config/parse.ts';
import { reloader } from './reload.ts';

const configOf = (text: string) => parseConfig([parseLayer('/etc/cricket/cricket.toml', text)]);

describe('SIGHUP', () => {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  beforeEach(() => void (lines.length = 0));

  it('puts the log level into force and names what waits for a restart', async () => {
    const log = pino({ level: 'info' }, sink);
    const after = configOf(
      '[log]\nlevel = "debug"\n[network]\nmtu = 1400\n[runtimes.kata]\npath = "/x"\n[ulimits.nofile]\nsoft = 1\nhard = 2\n',
    );
    await reloader(configOf(''), async () => after, log)();
    expect(log.level).to.equal('debug');
    expect(lines.map(({ msg, settings }) => [msg, settings])).to.deep.equal([
      ['log level read again', undefined],
      [
        'changed settings wait for a restart of the service',
        ['runtimes.kata', 'network.mtu', 'ulimits.nofile.soft', 'ulimits.nofile.hard'],
      ],
    ]);
  });

  it('says no more where no more has changed, and leaves all as it was when the file is broken', async () => {
    const log = pino({ level: 'info' }, sink);
    await reloader(configOf(''), async () => configOf('[log]\nlevel = "info"'), log)();
    expect(lines).to.have.length(1);
    const broken = reloader(configOf(''), () => Promise.reject(fail('invalid_argument', 'broken')), log);
    expect(await broken().catch((error: unknown) => error)).to.have.property('message', 'broken');
    expect(log.level).to.equal('info');
  });
});
