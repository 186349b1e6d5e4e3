import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendNotification } from './notify.ts';
import { bindSocket, closeDescriptor, openSocket, receiveSocket } from './sockets.ts';

const address = (name: Buffer) => Buffer.concat([Buffer.from([1, 0]), name]);

/** A datagram socket bound as the service manager binds its own. */
function listen(name: Buffer): { receive(): string; close(): void } {
  const fd = openSocket(1, 2, 0);
  bindSocket(fd, address(name));
  const into = Buffer.alloc(256);
  return {
    receive: () => into.subarray(0, receiveSocket(fd, into, 0x40)).toString(),
    close: () => closeDescriptor(fd),
  };
}

describe('sendNotification', () => {
  it('reaches a socket in the file system', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cricket-notify-'));
    const path = join(directory, 'notify');
    const manager = listen(Buffer.from(`${path}\0`));
    try {
      sendNotification(path, 'READY=1\nSTATUS=serving');
      expect(manager.receive()).to.equal('READY=1\nSTATUS=serving');
    } finally {
      manager.close();
      rmSync(directory, { recursive: true });
    }
  });

  it('reaches an abstract socket', () => {
    const name = `cricket-test-${process.pid}`;
    const manager = listen(Buffer.from(`\0${name}`));
    try {
      sendNotification(`@${name}`, 'WATCHDOG=1');
      expect(manager.receive()).to.equal('WATCHDOG=1');
    } finally {
      manager.close();
    }
  });

  it('tells that nobody is there', () => {
    expect(() => sendNotification('/nonexistent/notify', 'READY=1')).to.throw('notify /nonexistent/notify: ENOENT');
  });
});
