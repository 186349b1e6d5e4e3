import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeCertificate } from '../../fixtures/images/certificate.ts';
import { errorOf, soon, workDirectory } from './lab.ts';
import { good, image, Meeting } from './meeting.ts';
import { say, startStranger } from './stranger.ts';

/** What hosts.toml says, seen in what registries are asked. */
describe('hosts.toml', function () {
  this.timeout(60_000);

  it('gives a client certificate to a host that wants one, and trusts the authority it names', async () => {
    const work = workDirectory();
    const [server, client] = [makeCertificate(join(work, 'server')), makeCertificate(join(work, 'client'))];
    const read = (file: string) => readFileSync(file);
    const stranger = await startStranger(image, {
      ...{ key: read(server.keyFile), cert: read(server.certFile), ca: read(client.certFile) },
      ...{ requestCert: true, rejectUnauthorized: true },
    });
    await using meeting = await Meeting.begin();
    const pull = async () => meeting.images.pull(`${stranger.host}/test/image:1`, {}, soon());
    const directory = join(meeting.work, 'certs.d', stranger.host);
    mkdirSync(directory, { recursive: true });
    const hosts = (text: string) =>
      writeFileSync(join(directory, 'hosts.toml'), `server = "${stranger.origin}"\n${text}`);
    hosts(`ca = "${server.certFile}"`);
    expect(await errorOf(pull()), 'without a certificate').to.include({ code: 'unavailable' });
    hosts(`client = [["${client.certFile}", "${client.keyFile}"]]`);
    expect((await errorOf(pull())).message, 'without the authority').to.match(/self-signed|unable to verify/);
    expect(stranger.seen).to.deep.equal([]);
    hosts(`ca = "${server.certFile}"\nclient = [["${client.certFile}", "${client.keyFile}"]]`);
    expect((await pull()).layers).to.have.length(1);
    await stranger.stop();
    rmSync(work, { recursive: true });
  });

  it('sends its headers to the host that they are of, on a path of its own, and to no other', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const mirror = await startStranger(image);
    const told = new Set<unknown>();
    mirror.on('/api/reg/test/image/', (request, response) => {
      told.add(request.headers['x-tenant']);
      if ((request.url ?? '').includes('/blobs/'))
        say(307, '', { location: `${stranger.origin}${good.digest}` })(request, response);
      else mirror.serve(request, response);
    });
    const leaked: unknown[] = [];
    stranger.on(good.digest, (request, response) => {
      leaked.push(request.headers['x-tenant']);
      stranger.serve(request, response);
    });
    meeting.hosts(`[host."${mirror.origin}/api/reg"]\noverride_path = true\nheader = { x-tenant = ["a", "b"] }\n`);
    expect((await meeting.pull()).layers).to.have.length(1);
    expect([...told]).to.deep.equal(['a, b']);
    expect(leaked.filter((value) => value !== undefined)).to.deep.equal([]);
    await mirror.stop();
  });

  it('asks each host only for what it may be asked, and reads a change with the next pull', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const mirror = await startStranger(image);
    const kinds = (lines: readonly string[]) => [
      ...new Set(lines.map((line) => line.replace(/.*image\/(\w+)\/.*/, '$1'))),
    ];
    const pullAnew = async () => {
      const { id } = await meeting.pull();
      await meeting.images.remove(id, soon());
    };
    meeting.hosts(`[host."${mirror.origin}"]\ncapabilities = ["pull"]\n`);
    await pullAnew();
    expect(kinds(mirror.seen)).to.deep.equal(['blobs']);
    expect(kinds(stranger.seen)).to.deep.equal(['manifests']);
    const before = [mirror.seen.length, stranger.seen.length] as const;
    meeting.hosts(`[host."${mirror.origin}"]\ncapabilities = ["resolve"]\n`);
    await pullAnew();
    expect(kinds(mirror.seen.slice(before[0]))).to.deep.equal(['manifests']);
    expect(kinds(stranger.seen.slice(before[1]))).to.deep.equal(['blobs']);
    await mirror.stop();
  });

  it('of _default is for every host without a file of its own', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const directory = join(meeting.work, 'certs.d/_default');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'hosts.toml'), `[host."${stranger.origin}"]\n`);
    const pulled = await meeting.images.pull('nowhere.invalid/test/image:1', {}, soon());
    expect(pulled.repoTags).to.deep.equal(['nowhere.invalid/test/image:1']);
    expect(stranger.seen.every((line) => line.includes('?ns=nowhere.invalid'))).to.equal(true);
  });
});
