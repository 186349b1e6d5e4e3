import { request } from 'node:http';
import type { RequestOptions } from 'node:http';

/** Where a daemon tells its metrics; `path` included. */
export type MetricsAddress = Pick<RequestOptions, 'socketPath' | 'host' | 'port' | 'path'>;

/** One scrape. */
export async function get(address: MetricsAddress): Promise<string> {
  return (await getBytes(address)).toString('utf8');
}

export async function getBytes(address: MetricsAddress): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const call = request({ ...address, headers: { accept: 'text/plain' } }, (response) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.once('end', () => resolve(Buffer.concat(parts)));
  });
  call.once('error', reject);
  call.end();
  return promise;
}
