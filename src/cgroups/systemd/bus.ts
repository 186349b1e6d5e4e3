import { sleep, waitFor } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import { DBusConnection, DBusError } from '../../linux/dbus/connection.ts';
import type { Message } from '../../linux/dbus/message.ts';
import type { DBusValue } from '../../linux/dbus/wire.ts';

/** The system bus, where systemd is and where OCI runtimes look for it (D-Bus specification, "Well-known buses"). */
export const systemBus = '/run/dbus/system_bus_socket';

const bus = 'org.freedesktop.DBus';
const destination = 'org.freedesktop.systemd1';
const managerPath = '/org/freedesktop/systemd1';
const managerInterface = 'org.freedesktop.systemd1.Manager';

/** Milliseconds that systemd may be away: it serializes itself and starts anew at `daemon-reexec`. */
const awayMs = 15_000;
const pauseMs = 50;
/** Milliseconds that a bus may take to let us in. */
const dialMs = 10_000;
/** Milliseconds after which a lost connection that signals come over is made anew. */
const redialMs = 1_000;

/**
 * What a bus answers for one who is away, or has gone in the middle of a call. All that we ask for may be asked twice.
 */
const away =
  /^(org\.freedesktop\.DBus\.Error\.(NoReply|Disconnected|ServiceUnknown|NameHasNoOwner|TimedOut|Timeout|Spawn\..*)|System\.Error\.(ESHUTDOWN|ECONNRESET))$/;

/** Calls of systemd's manager, over a connection that is made when it is needed and made anew when it is lost. */
export class SystemdBus implements Disposable {
  readonly #path: string;
  #connection: Promise<DBusConnection> | undefined;
  #onReloaded: (() => void) | undefined;
  #redial: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string = systemBus) {
    this.#path = path;
  }

  /** Errors: DBusError for what systemd refuses, `unavailable` while nobody can be reached. */
  async call(
    member: string,
    [signature, ...body]: readonly [string, ...DBusValue[]],
    signal: AbortSignal,
  ): Promise<readonly DBusValue[]> {
    return this.ask({ path: managerPath, interface: managerInterface, member, signature, body }, signal);
  }

  /** The same of any object of systemd's. */
  async ask(
    call: { path: string; interface: string; member: string; signature: string; body: readonly DBusValue[] },
    signal: AbortSignal,
  ): Promise<readonly DBusValue[]> {
    for (const until = performance.now() + awayMs; ;) {
      const connection = await waitFor(this.#connect(), signal);
      try {
        return await connection.call({ destination, ...call }, signal);
      } catch (error) {
        const mayReturn = error instanceof DBusError ? away.test(error.errorName) : connection.lost !== undefined;
        if (!mayReturn) throw error;
        if (performance.now() > until)
          throw fail('unavailable', `systemd does not answer on D-Bus (${String(error)}); is it PID 1 here?`, error);
        await sleep(pauseMs, signal);
      }
    }
  }

  /** Calls back after each `systemctl daemon-reload`, from now on and over lost connections. */
  async onReloaded(callback: () => void): Promise<void> {
    this.#onReloaded = callback;
    const connection = await this.#connect();
    await this.#subscribe(connection);
  }

  async #connect(): Promise<DBusConnection> {
    this.#connection ??= this.#dial();
    return this.#connection;
  }

  async #dial(): Promise<DBusConnection> {
    try {
      const connection = await DBusConnection.open(
        this.#path,
        (message) => this.#onSignal(message),
        AbortSignal.timeout(dialMs),
      );
      void connection.closed.then(() => this.#lost());
      return connection;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  #lost(): void {
    this.#connection = undefined;
    if (this.#onReloaded === undefined || this.#closed) return;
    this.#redial = setTimeout(() => {
      this.onReloaded(this.#onReloaded ?? (() => undefined)).catch(() => this.#lost());
    }, redialMs).unref();
  }

  /** systemd tells nobody of anything before somebody asked it to; its own restart forgets who did. */
  async #subscribe(connection: DBusConnection): Promise<void> {
    const signal = AbortSignal.timeout(dialMs);
    const rules = [
      `type='signal',sender='${destination}',interface='${managerInterface}',member='Reloading'`,
      `type='signal',sender='${bus}',member='NameOwnerChanged',arg0='${destination}'`,
    ];
    const match = { destination: bus, path: '/org/freedesktop/DBus', interface: bus, member: 'AddMatch' };
    for (const rule of rules) await connection.call({ ...match, signature: 's', body: [rule] }, signal);
    await this.#askToTell(signal);
  }

  async #askToTell(signal: AbortSignal): Promise<void> {
    try {
      await this.call('Subscribe', [''], signal);
    } catch (error) {
      if (!(error instanceof DBusError && error.errorName === 'org.freedesktop.systemd1.AlreadySubscribed'))
        throw error;
    }
  }

  #onSignal({ interface: from, member, body }: Message): void {
    if (from === managerInterface && member === 'Reloading' && body[0] === false) this.#onReloaded?.();
    // It was executed anew, which reads all units again too.
    if (member !== 'NameOwnerChanged' || body[2] === '') return;
    this.#askToTell(AbortSignal.timeout(dialMs)).catch(() => undefined);
    this.#onReloaded?.();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#redial);
    this.#connection?.then((connection) => connection[Symbol.dispose]()).catch(() => undefined);
  }
}
