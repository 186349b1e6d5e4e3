/** grpc-health.ts PORT FILE : a gRPC server of the health protocol, SERVING while FILE exists. Run inside a pod. */
import { existsSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { handleUnaryCall, MethodDefinition } from '@grpc/grpc-js';

const [port = '', file = ''] = process.argv.slice(2);

/** Both messages have one field that matters, and it is here: `status`, 1 for SERVING and 2 for NOT_SERVING. */
const check: MethodDefinition<Buffer, boolean> = {
  path: '/grpc.health.v1.Health/Check',
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (serving) => Buffer.from([0x08, serving ? 1 : 2]),
  responseDeserialize: (bytes) => bytes[1] === 1,
};
const answer: handleUnaryCall<Buffer, boolean> = (_, done) => done(null, existsSync(file));

const server = new Server();
server.addService({ check }, { check: answer });
server.bindAsync(`0.0.0.0:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
process.once('SIGTERM', () => process.exit(0));
