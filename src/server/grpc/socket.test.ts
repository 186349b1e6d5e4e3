import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSocketPath, groupId, openToGroup } from './socket.ts';

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the socket', () => {
  let directory: string;
  let socket: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-socket-'));
    socket = join(directory, 's.sock');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('makes its directory where there is none', async () => {
    await freeSocketPath(join(directory, 'a/b/s.sock'));
    expect((await stat(join(directory, 'a/b'))).isDirectory()).to.equal(true);
  });

  it('removes what a killed process left', async () => {
    const bind = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', bind]);
    expect((await stat(socket)).isSocket()).to.equal(true);
    await freeSocketPath(socket);
    expect(await errorOf(stat(socket))).to.have.property('code', 'ENOENT');
  });

  it('refuses a socket that answers, and leaves it', async () => {
    const server = createServer().listen(socket);
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const error = await errorOf(freeSocketPath(socket));
      expect(error).to.have.property('code', 'already_exists');
      expect((await stat(socket)).isSocket()).to.equal(true);
    } finally {
      server.close();
    }
  });

  it('refuses what is no socket, and leaves it', async () => {
    await writeFile(socket, 'precious');
    expect(await errorOf(freeSocketPath(socket)))
      .to.have.property('message')
      .that.contains('something else is there');
    expect((await stat(socket)).size).to.equal(8);
  });

  it('gives it to the group, nobody else', async () => {
    await writeFile(socket, '');
    await openToGroup(socket, '12345');
    expect(await stat(socket)).to.include({ gid: 12345, mode: 0o100660 });
  });

  it('finds groups by name and by number', async () => {
    const file = join(directory, 'group');
    await writeFile(file, 'root:x:0:\npods:x:998:a,b\n');
    expect(await groupId('pods', file)).to.equal(998);
    expect(await groupId('7', file)).to.equal(7);
    expect(await errorOf(groupId('nobody-here', file))).to.have.property('code', 'invalid_argument');
  });
});
