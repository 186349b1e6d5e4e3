import { rpcMessages, secretCarriers, secretFields } from './secrets.ts';

/** What stands in a log for a value that must not be there. */
export const redactedMark = '[redacted]';

/** A value that JSON.stringify takes as it is. */
export type Loggable = string | number | boolean | null | readonly Loggable[] | { readonly [key: string]: Loggable };

const fieldsOf: Readonly<Record<string, readonly string[]>> = secretFields;
const carriersOf: Readonly<Record<string, Readonly<Record<string, string>>>> = secretCarriers;
const rpcs: Readonly<Record<string, { readonly request: string }>> = rpcMessages;

/**
 * A request as a log may show it: secret fields that are set read `[redacted]`, bytes their length,
 * 64-bit integers become decimal strings, unset messages are left out.
 * `path` is the gRPC path (`/runtime.v1.ImageService/PullImage`); nothing of an unknown RPC's request is shown.
 */
export function redactedRequest(path: string, request: unknown): Loggable {
  const rpc = Object.hasOwn(rpcs, path) ? rpcs[path] : undefined;
  return rpc ? redactedMessage(rpc.request, request) : redactedMark;
}

/** The same for one message of api.ts by its name, such as `AuthConfig`. */
export function redactedMessage(message: string, value: unknown): Loggable {
  if (Array.isArray(value)) return value.map((item) => redactedMessage(message, item));
  if (!isObject(value)) return plain(value);
  const secrets = fieldsOf[message] ?? [];
  const carriers = carriersOf[message] ?? {};
  return fromEntries(value, (key, field) => {
    if (secrets.includes(key)) return isUnset(field) ? plain(field) : redactedMark;
    const inner = carriers[key];
    return inner === undefined ? plain(field) : redactedMessage(inner, field);
  });
}

function plain(value: unknown): Loggable {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (Array.isArray(value)) return value.map(plain);
  if (isObject(value)) return fromEntries(value, (_, field) => plain(field));
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'bigint' ? value.toString() : null;
}

/** Keys come from the wire in maps: `__proto__` must stay an ordinary key, as Object.fromEntries keeps it. */
function fromEntries(value: object, render: (key: string, field: unknown) => Loggable): Loggable {
  const set = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(set.map(([key, field]) => [key, render(key, field)]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

/** Whether a secret was sent at all is worth knowing, and tells nothing of it. */
function isUnset(value: unknown): boolean {
  return value === undefined || value === '';
}
