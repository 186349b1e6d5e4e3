import { parentPort, workerData } from 'node:worker_threads';
import { errno, errnoName, libc, syscallError } from './libc.ts';

const epollWait = libc.func('int epoll_wait(int epfd, uint8_t *events, int most, int timeout)');
const most = 64;
const { epoll, eventSize, dataOffset } = workerData as { epoll: number; eventSize: number; dataOffset: number };

/** The errors of epoll_wait(2) that come again and again. */
const ourFaults: ReadonlySet<string> = new Set(['EBADF', 'EFAULT', 'EINVAL']);

watch();

/** Waits for ever, off the main thread; token 0 is the wake-up that ends it. */
function watch(): void {
  const events = Buffer.alloc(eventSize * most);
  for (;;) {
    const count = epollWait(epoll, events, most, -1) as number;
    if (count < 0) {
      const code = errno();
      // What else there is to say is EINTR, for which EAGAIN was read once: of a call made on the way back.
      if (!ourFaults.has(errnoName(code))) continue;
      throw syscallError('wait for descriptors', code);
    }
    const tokens = Array.from({ length: count }, (_, i) => events.readUInt32LE(i * eventSize + dataOffset));
    if (tokens.includes(0)) return;
    parentPort?.postMessage(tokens);
  }
}
