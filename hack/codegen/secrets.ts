import type { Contract, Field } from './contract.ts';

/** The text of secrets.ts: which fields are secret, which fields lead to them, and each RPC's messages. */
export function secretsText(contract: Contract): string {
  const secret = pickFields(contract, (field) => field.secret);
  const holders = holdersOfSecrets(contract);
  const carriers = pickFields(contract, (field) => holders.has(field.type));
  const messages = [...new Set([...secret.keys(), ...carriers.keys()])].sort();
  return `// Written by hack/codegen/gen.ts from test/fixtures/cri-v1.json. DO NOT EDIT.
import type { ${messages.join(', ')} } from './api.ts';

/** Message → its fields whose value must never be logged. */
export const secretFields = ${literal(secret, (fields) => `[${fields.map((f) => quote(camel(f.name))).join(', ')}]`)} as const satisfies { ${keysOf(secret.keys())} };

/** Message → its fields that hold a message with secrets somewhere inside → that message's name. */
export const secretCarriers = ${literal(carriers, (fields) => `{ ${fields.map((f) => `${camel(f.name)}: ${quote(f.type)}`).join(', ')} }`)} as const satisfies { ${[...carriers.keys()].map((name) => `${name}: { [field in keyof ${name}]?: string }`).join('; ')} };

/** gRPC path → the names of its request and response messages. */
export const rpcMessages = {
${rpcLines(contract).join('\n')}
} as const;
`;
}

/** Every message in which a secret can be reached, at any depth. */
function holdersOfSecrets(contract: Contract): ReadonlySet<string> {
  const holders = new Set<string>();
  for (let known = -1; known !== holders.size;) {
    known = holders.size;
    for (const [name, fields] of contract.messages) {
      if (fields.some((field) => field.secret || holders.has(field.type))) holders.add(name);
    }
  }
  return holders;
}

function pickFields(contract: Contract, wanted: (field: Field) => boolean): ReadonlyMap<string, readonly Field[]> {
  const picked = [...contract.messages].map(([name, fields]) => [name, fields.filter(wanted)] as const);
  return new Map(picked.filter(([, fields]) => fields.length > 0));
}

function rpcLines(contract: Contract): string[] {
  return [...contract.services].flatMap(([service, rpcs]) =>
    rpcs.map(({ rpc, request, response }) => {
      const path = `/${contract.protoPackage}.${service}/${rpc}`;
      return `  ${quote(path)}: { request: ${quote(request)}, response: ${quote(response)} },`;
    }),
  );
}

function literal(map: ReadonlyMap<string, readonly Field[]>, value: (fields: readonly Field[]) => string): string {
  return `{ ${[...map].map(([name, fields]) => `${name}: ${value(fields)}`).join(', ')} }`;
}

function keysOf(names: Iterable<string>): string {
  return [...names].map((name) => `${name}: readonly (keyof ${name})[]`).join('; ');
}

/** ts-proto's spelling of a field; a wrong guess fails to compile against api.ts. */
function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function quote(text: string): string {
  return `'${text}'`;
}
