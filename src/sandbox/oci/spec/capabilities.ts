import { fail } from '../../../base/errors.ts';
import { capabilityNames } from '../../../linux/capabilities.ts';
import type { OciCapabilities } from './oci.ts';
import type { SpecInput } from './input.ts';

/** What a container has that asks for nothing: the same fourteen as under Docker and containerd. */
const defaults = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT ' +
  'KILL AUDIT_WRITE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

type CapabilityInput = Pick<SpecInput, 'id' | 'privileged' | 'capabilities'> & {
  readonly host: Pick<SpecInput['host'], 'capabilities'>;
};

export interface CapabilitySection {
  readonly sets: OciCapabilities;
  /** Asked for, but not the daemon's to give: log them, and note them in the verbose status. */
  readonly withheld: readonly string[];
}

/**
 * Bounding, effective and permitted are one set for every user: execve empties the last two of a user other
 * than root by itself. Only ambient ones survive that, and the kernel wants those inheritable as well.
 * `ALL` first, then single names, drops last. Privileged containers get everything, whatever they ask.
 * Errors: `invalid_argument` for a name that is no capability.
 */
export function capabilitySection(input: CapabilityInput): CapabilitySection {
  const { known, grantable } = input.host.capabilities;
  const add = parse(input.id, input.capabilities.add);
  const drop = parse(input.id, input.capabilities.drop);
  const ambient = parse(input.id, input.capabilities.addAmbient);

  const wanted = new Set(baseOf(input.privileged, { add, drop, ambient }, known));
  if (!input.privileged) {
    for (const name of [...add.names, ...ambient.names]) wanted.add(name);
    for (const name of drop.names) wanted.delete(name);
  }
  const given = capabilityNames.filter((name) => wanted.has(name) && grantable.includes(name));
  const kept = ambient.all ? given : given.filter((name) => ambient.names.has(name));
  return {
    sets: { bounding: given, effective: given, permitted: given, inheritable: kept, ambient: kept },
    withheld: capabilityNames.filter((name) => wanted.has(name) && !grantable.includes(name)),
  };
}

interface Parsed {
  readonly all: boolean;
  readonly names: ReadonlySet<string>;
}

function baseOf(
  privileged: boolean,
  request: { readonly add: Parsed; readonly drop: Parsed; readonly ambient: Parsed },
  known: readonly string[],
): readonly string[] {
  if (privileged) return known;
  if (request.drop.all) return [];
  return request.add.all || request.ambient.all ? known : defaults;
}

function parse(id: string, list: readonly string[]): Parsed {
  const upper = list.map((name) => name.toUpperCase());
  const names = upper.filter((name) => name !== 'ALL' && name !== 'CAP_ALL').map(withPrefix);
  const unknown = names.find((name) => !capabilityNames.includes(name));
  if (unknown !== undefined)
    throw fail('invalid_argument', `container ${id}: no such capability ${JSON.stringify(unknown)}`);
  return { all: names.length < list.length, names: new Set(names) };
}

const withPrefix = (name: string) => (name.startsWith('CAP_') ? name : `CAP_${name}`);
