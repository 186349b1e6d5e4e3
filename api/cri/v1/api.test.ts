import type { DescMessage } from '@bufbuild/protobuf';
import { createFileRegistry, equals, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { descriptorSetOf } from '../../../hack/codegen/buf.ts';
import * as api from './api.ts';
import { sampleOf } from '../../../hack/codegen/sample.ts';

interface TableField {
  name: string;
  number: number;
  type: string;
  repeated?: boolean;
  deprecated?: boolean;
  secret?: boolean;
}
interface Table {
  proto_package: string;
  services: Record<string, { rpc: string; request: string; response: string; server_streaming: boolean }[]>;
  messages: Record<string, TableField[]>;
  enums: Record<string, Record<string, number>>;
}

type ServiceDefinition = Record<string, { path: string; requestStream: boolean; responseStream: boolean }>;

const table = JSON.parse(readFileSync(new URL('../../../test/fixtures/cri-v1.json', import.meta.url), 'utf8')) as Table;

describe('api.proto, compiled', () => {
  let file: FileDescriptorProto;

  before(async () => {
    const proto = readFileSync(new URL('api.proto', import.meta.url), 'utf8');
    const set = fromBinary(FileDescriptorSetSchema, await descriptorSetOf(proto));
    expect(set.file).to.have.length(1);
    file = set.file[0] as FileDescriptorProto;
  });

  it('is proto3 of the package, with no message, enum or service beside the table', () => {
    expect([file.syntax, file.package]).to.deep.equal(['proto3', table.proto_package]);
    expect(file.messageType.map((m) => m.name)).to.have.members(Object.keys(table.messages));
    expect(Object.keys(enumsOf(file))).to.have.members(Object.keys(table.enums));
    expect(file.service.map((s) => s.name)).to.have.members(Object.keys(table.services));
    expect(file.extension).to.deep.equal([]);
  });

  it('has every rpc with its messages and streaming flags', () => {
    for (const service of file.service) {
      const rpcs = service.method.map((m) => ({
        rpc: m.name,
        request: local(m.inputType),
        response: local(m.outputType),
        server_streaming: m.serverStreaming,
      }));
      expect(rpcs, service.name).to.deep.equal(table.services[service.name]);
      expect(service.method.some((m) => m.clientStreaming)).to.equal(false);
    }
  });

  it('has every field with name, number, type, label, oneof and options', () => {
    for (const message of file.messageType) {
      const expected = table.messages[message.name]?.map((f) => ({
        repeated: false,
        deprecated: false,
        secret: false,
        ...f,
      }));
      expect(
        message.field.map((f) => tableField(f, message)),
        message.name,
      ).to.deep.equal(expected);
      expect(message.oneofDecl, message.name).to.deep.equal([]);
      expect(message.reservedRange, message.name).to.deep.equal([]);
    }
  });

  it('has every enum value', () => {
    expect(enumsOf(file)).to.deep.equal(table.enums);
  });

  it('marks exactly the four credentials as secret', () => {
    const secret = file.messageType.flatMap((m) =>
      m.field.filter((f) => f.options?.debugRedact).map((f) => `${m.name}.${f.name}`),
    );
    const fields = ['password', 'auth', 'identity_token', 'registry_token'];
    expect(secret).to.deep.equal(fields.map((field) => `AuthConfig.${field}`));
  });
});

describe('api.ts', () => {
  it('defines every rpc under its path', () => {
    const definitions: Record<string, ServiceDefinition> = {
      RuntimeService: api.RuntimeServiceService,
      ImageService: api.ImageServiceService,
    };
    for (const [service, definition] of Object.entries(definitions)) {
      const expected = (table.services[service] ?? []).map((r) => [
        r.rpc.charAt(0).toLowerCase() + r.rpc.slice(1),
        `/runtime.v1.${service}/${r.rpc}`,
        false,
        r.server_streaming,
      ]);
      const methods = Object.entries(definition).map(([n, m]) => [n, m.path, m.requestStream, m.responseStream]);
      expect(methods).to.deep.equal(expected);
    }
    expect(Object.keys(api.RuntimeServiceService)).to.have.length(37);
    expect(Object.keys(api.ImageServiceService)).to.have.length(6);
  });

  it('reads and writes every field of every message as the descriptors say', async () => {
    const proto = readFileSync(new URL('api.proto', import.meta.url), 'utf8');
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, await descriptorSetOf(proto)));
    for (const name of Object.keys(table.messages)) {
      const desc = registry.getMessage(`runtime.v1.${name}`) as DescMessage;
      const sample = sampleOf(desc);
      const codec = codecOf(name);
      const again = fromBinary(desc, codec.encode(codec.decode(toBinary(desc, sample))).finish());
      expect(again.$unknown, name).to.equal(undefined);
      expect(equals(desc, sample, again), name).to.equal(true);
    }
  });

  it('keeps values of enums that this version does not know', () => {
    const { state } = api.PodSandboxStatus.decode(Buffer.from([0x18, 0x2a]));
    expect(state).to.equal(42);
  });
});

function codecOf(name: string): {
  decode(bytes: Uint8Array | BinaryReader): unknown;
  encode(m: unknown): BinaryWriter;
} {
  return (api as unknown as Record<string, ReturnType<typeof codecOf>>)[name] as ReturnType<typeof codecOf>;
}

/** A descriptor's field in the table's words. */
function tableField(field: FieldDescriptorProto, owner: DescriptorProto): Required<TableField> {
  const entry = owner.nestedType.find(
    (n) => n.options?.mapEntry && `${owner.name}.${n.name}` === local(field.typeName),
  );
  return {
    name: field.name,
    number: field.number,
    type: entry ? `map<${entry.field.map((f) => typeOf(f, entry)).join(',')}>` : typeOf(field, owner),
    repeated: !entry && field.label === Label.REPEATED,
    deprecated: field.options?.deprecated ?? false,
    secret: field.options?.debugRedact ?? false,
  };
}

/** A nested type is named as its owner would name it, without the owner's prefix. */
function typeOf(field: FieldDescriptorProto, owner: DescriptorProto): string {
  if (field.typeName === '') return Type[field.type].toLowerCase();
  const name = local(field.typeName);
  return name.startsWith(`${owner.name}.`) ? name.slice(owner.name.length + 1) : name;
}

function enumsOf(file: FileDescriptorProto): Table['enums'] {
  const named = (prefix: string) => (e: EnumDescriptorProto) =>
    [prefix + e.name, Object.fromEntries(e.value.map((v) => [v.name, v.number]))] as const;
  const nested = file.messageType.flatMap((m) => m.enumType.map(named(`${m.name}.`)));
  return Object.fromEntries([...file.enumType.map(named('')), ...nested]);
}

/** `.runtime.v1.A.B` → `A.B` */
function local(typeName: string): string {
  return typeName.replace('.runtime.v1.', '');
}
