import { readFileSync } from 'node:fs';

/** One field of a message as the fact table tells it; `type` is proto's own spelling. */
export interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly repeated: boolean;
  readonly deprecated: boolean;
  readonly secret: boolean;
}

export interface Rpc {
  readonly rpc: string;
  readonly request: string;
  readonly response: string;
  readonly server_streaming: boolean;
}

/** The CRI wire contract; an enum named `A.B` is declared inside message A. */
export interface Contract {
  readonly protoPackage: string;
  readonly services: ReadonlyMap<string, readonly Rpc[]>;
  readonly messages: ReadonlyMap<string, readonly Field[]>;
  readonly enums: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export const repoRoot = new URL('../../', import.meta.url);
const tableFile = new URL('test/fixtures/cri-v1.json', repoRoot);

/** Reads the fact table. A key that the generator does not know is an error: nothing of the contract is dropped in silence. */
export function readContract(file: URL = tableFile): Contract {
  return parseContract(JSON.parse(readFileSync(file, 'utf8')));
}

export function parseContract(table: unknown): Contract {
  const top = record(table, 'table', ['about', 'proto_package', 'services', 'messages', 'enums']);
  return {
    protoPackage: text(top['proto_package'], 'proto_package'),
    services: entries(top['services'], 'services', (rpcs, at) => list(rpcs, at).map((r) => parseRpc(r, at))),
    messages: entries(top['messages'], 'messages', (fields, at) => list(fields, at).map((f) => parseField(f, at))),
    enums: entries(top['enums'], 'enums', (values, at) => entries(values, at, integer)),
  };
}

function parseRpc(value: unknown, at: string): Rpc {
  const rpc = record(value, at, ['rpc', 'request', 'response', 'server_streaming']);
  return {
    rpc: text(rpc['rpc'], at),
    request: text(rpc['request'], at),
    response: text(rpc['response'], at),
    server_streaming: flag(rpc['server_streaming'], at),
  };
}

function parseField(value: unknown, at: string): Field {
  const field = record(value, at, ['name', 'number', 'type', 'repeated', 'deprecated', 'secret']);
  return {
    name: text(field['name'], at),
    number: integer(field['number'], at),
    type: text(field['type'], at),
    repeated: flag(field['repeated'], at),
    deprecated: flag(field['deprecated'], at),
    secret: flag(field['secret'], at),
  };
}

function record(value: unknown, at: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${at}: expected an object`);
  const unknown = known && Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`${at}: unknown key ${unknown}, teach hack/codegen what it means`);
  return value as Record<string, unknown>;
}

function entries<T>(value: unknown, at: string, parse: (item: unknown, at: string) => T): ReadonlyMap<string, T> {
  return new Map(Object.entries(record(value, at)).map(([key, item]) => [key, parse(item, `${at}.${key}`)]));
}

function list(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${at}: expected a list`);
  return value;
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new Error(`${at}: expected a string`);
  return value;
}

function integer(value: unknown, at: string): number {
  if (!Number.isInteger(value)) throw new Error(`${at}: expected an integer`);
  return value as number;
}

function flag(value: unknown, at: string): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw new Error(`${at}: expected true or false`);
  return value ?? false;
}
