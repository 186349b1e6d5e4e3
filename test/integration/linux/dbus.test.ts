import { expect } from 'chai';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CricketError } from '../../../src/base/errors.ts';
import { SystemdBus } from '../../../src/cgroups/systemd/bus.ts';
import { DBusConnection, DBusError } from '../../../src/linux/dbus/connection.ts';
import type { DBusValue } from '../../../src/linux/dbus/wire.ts';
import { eventually } from '../../fixtures/pods.ts';

const bus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };
const soon = () => AbortSignal.timeout(60_000);

describe('D-Bus', () => {
  let directory: string;
  let socket: string;
  let daemon: ChildProcess;

  async function startBus(): Promise<void> {
    const config = join(directory, 'bus.conf');
    const allow = '<allow send_destination="*"/><allow own="*"/><allow receive_sender="*"/><allow user="*"/>';
    const text = `<busconfig><type>system</type><listen>unix:path=${socket}</listen><policy context="default">${allow}</policy></busconfig>`;
    writeFileSync(config, text);
    daemon = spawn('dbus-daemon', [`--config-file=${config}`, '--nofork', '--nopidfile'], { stdio: 'ignore' });
    await eventually(
      async () => (await DBusConnection.open(socket, () => undefined, soon()))[Symbol.dispose](),
      30_000,
    );
  }

  async function endBus(): Promise<void> {
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGKILL');
    await ended;
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cricket-dbus-'));
    socket = join(directory, 'socket');
    await startBus();
  });
  afterEach(async () => {
    if (daemon.exitCode === null && daemon.signalCode === null) await endBus();
    rmSync(directory, { recursive: true });
  });

  it('gives each of many calls at once its own answer, long ones too', async () => {
    using connection = await DBusConnection.open(socket, () => undefined, soon());
    const echo = async (name: string) => {
      const owned = await connection.call({ ...bus, member: 'NameHasOwner', signature: 's', body: [name] }, soon());
      return owned[0];
    };
    const names = Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? 'org.freedesktop.DBus' : `a.b${index}`));
    expect(await Promise.all(names.map(echo))).to.deep.equal(names.map((name) => name === 'org.freedesktop.DBus'));
    const rules = Array.from({ length: 300 }, (_, index) => `type='signal',member='${'x'.repeat(200)}${index}'`);
    for (const rule of rules)
      await connection.call({ ...bus, member: 'AddMatch', signature: 's', body: [rule] }, soon());
  });

  it('tells a refusal by its name', async () => {
    using connection = await DBusConnection.open(socket, () => undefined, soon());
    const refused = await connection.call({ ...bus, member: 'NoSuchThing' }, soon()).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(DBusError);
    expect((refused as DBusError).errorName).to.equal('org.freedesktop.DBus.Error.UnknownMethod');
  });

  it('tells signals that were asked for', async () => {
    const heard: DBusValue[] = [];
    const names = new Set<string>();
    using listener = await DBusConnection.open(
      socket,
      ({ member, body }) => {
        names.add(member);
        heard.push(...body);
      },
      soon(),
    );
    const rule = "type='signal',member='NameOwnerChanged',arg0='a.b'";
    await listener.call({ ...bus, member: 'AddMatch', signature: 's', body: [rule] }, soon());
    using other = await DBusConnection.open(socket, () => undefined, soon());
    await other.call({ ...bus, member: 'RequestName', signature: 'su', body: ['a.b', 0] }, soon());
    await eventually(() => expect(heard).to.include('a.b'));
    expect(names).to.include('NameOwnerChanged');
  });

  it('that ends fails the calls that wait, and says so', async () => {
    const connection = await DBusConnection.open(socket, () => undefined, soon());
    daemon.kill('SIGSTOP');
    const waiting = connection.call({ ...bus, member: 'ListNames' }, soon()).catch((error: unknown) => error);
    await endBus();
    const error = await waiting;
    expect(error).to.be.instanceOf(CricketError).and.to.include({ code: 'unavailable' });
    await connection.closed;
    expect(connection.lost).to.not.equal(undefined);
  });

  it('without systemd on it, or that is not there, is told at once and in time', async () => {
    using bare = new SystemdBus(socket);
    const cut = AbortSignal.timeout(2_000);
    const asked = await bare.call('GetUnit', ['s', 'init.scope'], cut).catch((error: unknown) => error);
    expect(asked).to.be.instanceOf(CricketError).and.to.include({ code: 'deadline_exceeded' });
    await endBus();
    using absent = new SystemdBus(join(directory, 'nobody'));
    const none = await absent.call('GetUnit', ['s', 'init.scope'], soon()).catch((error: unknown) => String(error));
    expect(none).to.match(/nobody cannot be reached: ENOENT; start dbus\.socket/);
  });
});
