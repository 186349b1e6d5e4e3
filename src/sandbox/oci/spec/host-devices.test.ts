import { expect } from 'chai';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listHostDevices, resolveDevice, splitDeviceNumber } from './host-devices.ts';

const signal = new AbortController().signal;
const resolve = (hostPath: string, containerPath = '/dev/x', permissions = 'rw') =>
  resolveDevice('abc', { hostPath, containerPath, permissions }, signal);

async function refused(work: Promise<unknown>, why: string): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.have.property('code', 'invalid_argument');
  expect(error).to.have.property('message').that.includes(why);
}

describe('devices of the host', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-test-devices-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('are the nodes of /dev at their own paths, without terminals and console', async () => {
    const devices = await listHostDevices(signal);
    const zero = devices.find(({ containerPath }) => containerPath === '/dev/zero');
    expect(zero).to.include({ type: 'c', major: 1, minor: 5, fileMode: 0o666, permissions: 'rwm' });
    const paths = devices.map(({ containerPath }) => containerPath);
    expect(paths).to.not.include('/dev/console');
    expect(paths.filter((path) => /^\/dev\/(pts|shm|fd|mqueue)\//.test(path))).to.deep.equal([]);
  });

  it('are resolved through symlinks, under the name the container wants', async () => {
    await symlink('/dev/full', join(directory, 'link'));
    expect(await resolve(join(directory, 'link'), 'dev/mine', 'mr')).to.deep.include.members([
      { containerPath: '/dev/mine', type: 'c', major: 1, minor: 7, fileMode: 0o666, uid: 0, gid: 0, permissions: 'mr' },
    ]);
  });

  it('are all those in a directory and beneath it', async () => {
    const found = await resolve('/dev', '/host');
    const nodes = found.map(({ containerPath }) => containerPath);
    expect(nodes).to.include('/host/null').and.include('/host/zero');
    expect(found.every(({ permissions }) => permissions === 'rw')).to.equal(true);
  });

  it('are refused when missing, no device, or with other permissions', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await mkdir(join(directory, 'empty'));
    await refused(resolve(join(directory, 'missing')), 'no such device');
    await refused(resolve(file), 'not a device');
    await refused(resolve(join(directory, 'empty')), 'not a device');
    await refused(resolve('/dev/null', '/dev/null', 'rx'), 'permissions "rx"');
    await refused(resolve('/dev/null', '/dev/null', ''), 'permissions ""');
  });

  it('have numbers as makedev(3) packs them', () => {
    expect(splitDeviceNumber(0x0103)).to.deep.equal({ major: 1, minor: 3 });
    expect(splitDeviceNumber(Number((0x1n << 44n) | (0x234n << 8n) | (0x5n << 20n) | 0x67n))).to.deep.equal({
      major: 0x1234,
      minor: 0x567,
    });
  });
});
