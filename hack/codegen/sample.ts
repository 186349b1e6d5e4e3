import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { create, ScalarType } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import type { ReflectMessage } from '@bufbuild/protobuf/reflect';

type Sample = string | number | bigint | boolean | Uint8Array;

/** Near the extremes, where a wrong wire type or sign shows, and different in each field of a message. */
const samples: { readonly [type in ScalarType]?: (field: number) => Sample } = {
  [ScalarType.STRING]: (field) => `ü\u0000€ ${field}`,
  [ScalarType.BYTES]: (field) => Uint8Array.of(0, 255, 128, field),
  [ScalarType.BOOL]: () => true,
  [ScalarType.DOUBLE]: (field) => field - 0.1,
  [ScalarType.INT32]: (field) => -(2 ** 31) + field,
  [ScalarType.UINT32]: (field) => 2 ** 32 - field,
  [ScalarType.INT64]: (field) => -(2n ** 63n) + BigInt(field),
  [ScalarType.UINT64]: (field) => 2n ** 64n - BigInt(field),
};

/** A message of `desc` whose fields are all set, nested ones too. */
export function sampleOf(desc: DescMessage): Message {
  return filled(desc).message;
}

function filled(desc: DescMessage): ReflectMessage {
  const message = reflect(desc, create(desc));
  for (const field of desc.fields) fill(message, field);
  return message;
}

function fill(message: ReflectMessage, field: DescField): void {
  if (field.fieldKind === 'message') {
    message.set(field, filled(field.message));
  } else if (field.fieldKind === 'list') {
    const list = message.get(field);
    for (let i = 0; i < 2; i++) list.add(field.listKind === 'message' ? filled(field.message) : single(field));
  } else if (field.fieldKind === 'map') {
    message.get(field).set(`key of ${field.name}`, single(field));
  } else {
    message.set(field, single(field));
  }
}

/** An enum gives its last value: its first is the default, which is not on the wire. */
function single(field: DescField): Sample {
  const value = field.scalar === undefined ? field.enum?.values.at(-1)?.number : samples[field.scalar]?.(field.number);
  if (value === undefined) throw new Error(`${field.parent.name}.${field.name}: no sample for its type, add one`);
  return value;
}
