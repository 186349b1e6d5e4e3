import { libc, syscallError } from './libc.ts';
import { closeDescriptor, openSocket } from './sockets.ts';
import { AF_UNIX, unixAddress } from './unix.ts';

/**
 * Messages to the service manager, sd_notify(3): one datagram to the socket that NOTIFY_SOCKET names. Node has
 * no unix datagram sockets.
 */
const sendtoCall = libc.func(
  'int64_t sendto(int fd, const uint8_t *data, uint64_t length, int flags, const uint8_t *address, uint32_t size)',
);

const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends `READY=1`, `WATCHDOG=1` and the like. Never waits: a manager that does not read loses the message.
 * Errors: `not_found` when nobody listens there, `internal` naming the errno otherwise.
 */
export function sendNotification(socketPath: string, message: string): void {
  const address = unixAddress(socketPath);
  const data = Buffer.from(message);
  const fd = openSocket(AF_UNIX, SOCK_DGRAM, 0);
  try {
    const sent = Number(sendtoCall(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length));
    if (sent < 0) throw syscallError(`notify ${socketPath}`);
  } finally {
    closeDescriptor(fd);
  }
}
