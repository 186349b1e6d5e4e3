import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Calls } from './calls.ts';
import type { Method, ServerStream, Unary } from './handlers.ts';
import type { Handlers } from './handlers.ts';
import { adaptStream } from './stream.ts';
import { adaptUnary } from './unary.ts';

type AnyMethod = Method<unknown, unknown>;

/** Adds a generated service to the server: every method through the adapter, answers already encoded by it. */
export function addService<Service extends object>(
  server: Server,
  service: Service,
  handlers: Handlers<Service>,
  calls: Calls,
): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  // Handlers<Service> has proved that each name has a handler of its method's types; here they are all one type.
  const methods = service as Readonly<Record<string, AnyMethod>>;
  const untyped = handlers as Readonly<Record<string, unknown>>;
  for (const [name, method] of Object.entries(methods)) {
    definition[name] = { ...method, responseSerialize: (bytes: Buffer) => bytes };
    implementation[name] = method.responseStream
      ? adaptStream(method, untyped[name] as ServerStream<unknown, unknown>, calls)
      : adaptUnary(method, untyped[name] as Unary<unknown, unknown>, calls);
  }
  server.addService(definition, implementation);
}
