import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { waitFor } from '../../base/abort.ts';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import { decodeMessage, encodeCall, messageLength } from './message.ts';
import type { Message, MethodCall } from './message.ts';
import { textOf } from './wire.ts';
import type { DBusValue } from './wire.ts';

/** What the other side answered instead of a result. */
export class DBusError extends Error {
  /** `org.freedesktop.systemd1.NoSuchUnit` */
  readonly errorName: string;
  constructor(errorName: string, message: string) {
    super(message);
    this.name = 'DBusError';
    this.errorName = errorName;
  }
}

interface Waiting {
  readonly resolve: (body: readonly DBusValue[]) => void;
  readonly reject: (error: Error) => void;
}

/** One connection to a message bus: calls of methods, and signals that were asked for. It holds no event loop open. */
export class DBusConnection implements Disposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onSignal: (message: Message) => void;
  #serial = 0;
  #received: Buffer = Buffer.alloc(0);
  #lost: Error | undefined;
  readonly #closed = Promise.withResolvers<undefined>();

  private constructor(socket: Socket, rest: Buffer, onSignal: (message: Message) => void) {
    this.#socket = socket;
    this.#onSignal = onSignal;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (error) => this.#lose(messageOf(error)));
    socket.on('close', () => this.#lose('the bus closed the connection'));
    this.#receive(rest);
  }

  /** Errors: `unavailable` with the path and the reason. */
  static async open(path: string, onSignal: (message: Message) => void, signal: AbortSignal): Promise<DBusConnection> {
    const socket = connect(path);
    socket.unref();
    try {
      const rest = await waitFor(authenticate(socket), signal);
      const connection = new DBusConnection(socket, rest, onSignal);
      await connection.call(
        {
          ...{ destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus' },
          ...{ interface: 'org.freedesktop.DBus', member: 'Hello' },
        },
        signal,
      );
      return connection;
    } catch (error) {
      socket.destroy();
      const reason = errnoOf(error) ?? messageOf(error);
      throw fail('unavailable', `D-Bus at ${path} cannot be reached: ${reason}; start dbus.socket`, error);
    }
  }

  /** Resolves when it can be used no more. */
  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  /** Why it can be used no more; undefined while it can. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /** The signal ends the wait only. Errors: DBusError as it was answered, `unavailable` when the connection is lost. */
  async call(call: MethodCall, signal: AbortSignal): Promise<readonly DBusValue[]> {
    if (this.#lost !== undefined) throw this.#lost;
    const serial = ++this.#serial;
    const { promise, resolve, reject } = Promise.withResolvers<readonly DBusValue[]>();
    this.#waiting.set(serial, { resolve, reject });
    this.#socket.write(encodeCall(call, serial));
    return waitFor(promise, signal);
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const length = messageLength(this.#received);
      if (length === undefined || this.#received.length < length) return;
      const message = decodeMessage(this.#received.subarray(0, length));
      this.#received = this.#received.subarray(length);
      this.#take(message);
    }
  }

  #take(message: Message): void {
    if (message.kind === 'signal') this.#onSignal(message);
    const waiting = this.#waiting.get(message.replyTo);
    if (waiting === undefined) return;
    this.#waiting.delete(message.replyTo);
    if (message.kind === 'return') waiting.resolve(message.body);
    else waiting.reject(new DBusError(message.errorName, textOf(message.body[0]) || message.errorName));
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = fail('unavailable', `the connection to D-Bus was lost: ${reason}`);
    this.#socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
    this.#closed.resolve(undefined);
  }

  [Symbol.dispose](): void {
    this.#lose('we closed it');
  }
}

/** As the user that we are, by the credentials of the socket (D-Bus specification, "EXTERNAL"). What came behind. */
async function authenticate(socket: Socket): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let text = Buffer.alloc(0);
  const onData = (bytes: Buffer) => {
    text = Buffer.concat([text, bytes]);
    const end = text.indexOf('\r\n');
    if (end === -1) return;
    const line = text.subarray(0, end).toString();
    if (line.startsWith('OK ')) {
      socket.write('BEGIN\r\n');
      resolve(text.subarray(end + 2));
    } else reject(new Error(`it refused us: ${line}`));
  };
  const onClose = () => reject(new Error('it closed the connection'));
  socket.on('data', onData).once('error', reject).once('close', onClose);
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  try {
    return await promise;
  } finally {
    socket.off('data', onData).off('error', reject).off('close', onClose);
  }
}
