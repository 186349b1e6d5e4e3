import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { BuiltImage } from '../../../hack/lib/oci/image.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers with a status, a body, headers. */
export const say =
  (status: number, body = '', headers: Record<string, string> = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };

/** Answers for as long as anybody reads. */
export const endless: Handler = (_request, response) => {
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
  };
  response.on('drain', more);
  more();
};

/** A registry of one image at `NAME:1` that behaves except where a test has it do otherwise. */
export interface Stranger {
  readonly host: string;
  readonly origin: string;
  /** All requests so far: `GET /v2/… authorization`. */
  readonly seen: readonly string[];
  /** Answers the requests whose path has this in it instead of the registry. */
  on(part: string, handler: Handler): void;
  /** What the registry itself would answer. */
  readonly serve: Handler;
  stop(): Promise<void>;
}

/** Starts it on a free loopback port, with `tls` if given; image: `HOST/test/image:1`. */
export async function startStranger(image: BuiltImage, tls?: ServerOptions): Promise<Stranger> {
  const rules: { readonly part: string; readonly handler: Handler }[] = [];
  const seen: string[] = [];
  const documents = new Map([image.root, ...image.manifests].map((document) => [document.digest, document]));
  const serve: Handler = (request, response) => {
    const name = (request.url ?? '').split('?')[0]?.split('/').at(-1) ?? '';
    const document = name === '1' ? image.root : documents.get(name);
    const blob = image.blobs.get(name);
    if (document !== undefined) response.setHeader('content-type', document.mediaType);
    const whole = document?.body ?? blob;
    if (whole === undefined) {
      response.statusCode = 404;
      response.end('{"errors":[]}');
      return;
    }
    const from = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${from}-${whole.length - 1}/${whole.length}`);
    }
    response.setHeader('content-length', whole.length - from);
    response.end(whole.subarray(from));
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? ''}`.trim());
    response.on('error', () => undefined);
    const rule = rules.find(({ part }) => (request.url ?? '').includes(part));
    (rule?.handler ?? serve)(request, response);
  };
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    origin: `${tls === undefined ? 'http' : 'https'}://${host}`,
    seen,
    serve,
    on: (part, handler) => rules.unshift({ part, handler }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
