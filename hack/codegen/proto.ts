import type { Contract, Field, Rpc } from './contract.ts';

const header = `// The CRI v1 wire contract, written by hack/codegen/gen.ts from test/fixtures/cri-v1.json.
// Change the table, then "npm run gen". Fields with debug_redact are never logged.
syntax = "proto3";`;

/** The text of api.proto: services, messages and enums in the table's order. */
export function protoText(contract: Contract): string {
  const blocks = [
    header,
    `package ${contract.protoPackage};`,
    ...[...contract.services].map(([name, rpcs]) => block(`service ${name}`, rpcs.map(rpcLine))),
    ...[...contract.messages].map(([name, fields]) => messageBlock(contract, name, fields)),
    ...[...contract.enums].filter(([name]) => !name.includes('.')).map(([name, values]) => enumBlock(name, values)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function messageBlock(contract: Contract, name: string, fields: readonly Field[]): string {
  const nested = [...contract.enums]
    .filter(([full]) => full.startsWith(`${name}.`))
    .flatMap(([full, values]) => enumBlock(full.slice(name.length + 1), values).split('\n'));
  return block(`message ${name}`, [...nested, ...fields.map(fieldLine)]);
}

function enumBlock(name: string, values: ReadonlyMap<string, number>): string {
  return block(
    `enum ${name}`,
    [...values].map(([value, number]) => `${value} = ${number};`),
  );
}

function rpcLine(rpc: Rpc): string {
  const stream = rpc.server_streaming ? 'stream ' : '';
  return `rpc ${rpc.rpc}(${rpc.request}) returns (${stream}${rpc.response});`;
}

function fieldLine(field: Field): string {
  const label = field.repeated ? 'repeated ' : '';
  const type = field.type.replace(',', ', ');
  const options = [field.deprecated && 'deprecated = true', field.secret && 'debug_redact = true'].filter(Boolean);
  const suffix = options.length > 0 ? ` [${options.join(', ')}]` : '';
  return `${label}${type} ${field.name} = ${field.number}${suffix};`;
}

function block(head: string, lines: readonly string[]): string {
  if (lines.length === 0) return `${head} {}`;
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}'].join('\n');
}
