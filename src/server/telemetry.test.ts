import { context, trace } from '@opentelemetry/api';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { silentLogger } from '../base/log.ts';
import { beginSpan, endSpan } from './grpc/trace.ts';
import { startTelemetry } from './telemetry.ts';

describe('telemetry', () => {
  it("sends a call's span as the child of the caller's, and what happens inside as its own", async () => {
    const { promise: body, resolve } = Promise.withResolvers<string>();
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('content-type', 'application/json').end('{}');
        resolve(Buffer.concat(chunks).toString());
      });
    }).listen(0, '127.0.0.1');
    await new Promise((done) => collector.once('listening', done));
    const { port } = collector.address() as AddressInfo;
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    try {
      const url = `http://127.0.0.1:${port}/v1/traces`;
      const settings = { protocol: 'http/json', url, samplePerMillion: 0, warnings: [], version: 't' } as const;
      const telemetry = await startTelemetry(settings, silentLogger());
      const metadata = new Metadata();
      metadata.set('traceparent', `00-${traceId}-b7ad6b7169203331-01`);
      const call = beginSpan('/runtime.v1.RuntimeService/RunPodSandbox', metadata);
      await context.with(call.inside, async () => {
        await setImmediate();
        trace.getTracer('test').startSpan('network').end();
      });
      endSpan(call, 0, undefined);
      beginSpan('/runtime.v1.RuntimeService/Version', new Metadata()).span.end();
      await telemetry[Symbol.asyncDispose]();
      const sent = JSON.parse(await body) as {
        resourceSpans: {
          scopeSpans: { spans: { name: string; traceId: string; parentSpanId: string; spanId: string }[] }[];
        }[];
      };
      const spans = sent.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans));
      const rpc = spans.find(({ name }) => name === 'runtime.v1.RuntimeService/RunPodSandbox');
      const network = spans.find(({ name }) => name === 'network');
      expect(spans.length).to.equal(2);
      expect(rpc).to.include({ traceId, parentSpanId: 'b7ad6b7169203331' });
      expect(network).to.include({ traceId, parentSpanId: rpc?.spanId });
    } finally {
      collector.close();
    }
  });
});
