import { expect } from 'chai';
import fc from 'fast-check';
import { NamespaceMode, PodSandboxConfig } from '../../../../api/cri/v1/api.ts';
import { parseCheckpoint } from '../../../base/checkpoint.ts';
import { CricketError } from '../../../base/errors.ts';
import { newPodId } from '../../../base/ids.ts';
import { podRecordKind } from '../../../sandbox/pod/record.ts';
import { noPodResources } from '../../../sandbox/pod/resources-schema.ts';
import type { PodConfig } from '../../../sandbox/pod/record.ts';
import { hostnameOf } from '../../../sandbox/pod/run.ts';
import { parsePodConfig } from './pod-config.ts';

/** As it comes from the wire: what is not named is at its protobuf default. */
const wire = (fields: object): PodSandboxConfig => ({
  ...PodSandboxConfig.decode(new Uint8Array()),
  metadata: { name: 'a', uid: '', namespace: '', attempt: 0 },
  ...fields,
});

/** Texts that have broken parsers before, beside any other. */
const nasty = fc.oneof(
  fc.constantFrom('', 'constructor', '..', '/', '/a/../b', 'a\0b', '\n', ' ', '�', '-', 'a'.repeat(70), 'ü'.repeat(60)),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
const mode = fc.constantFrom(0, 1, 2, 3, 4, -1, 99);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Decoded maps never have `__proto__`. */
const key = nasty.filter((text) => text !== '__proto__');
const texts = fc.dictionary(key, nasty, { maxKeys: 4 });
const anyConfig = fc
  .record({
    metadata: maybe(fc.record({ name: nasty, uid: nasty, namespace: nasty, attempt: fc.nat() })),
    hostname: nasty,
    logDirectory: nasty,
    dnsConfig: maybe(fc.record({ servers: fc.array(nasty), searches: fc.array(nasty), options: fc.array(nasty) })),
    portMappings: fc.array(
      fc.record({ protocol: fc.integer(), containerPort: fc.integer(), hostPort: fc.integer(), hostIp: nasty }),
      { maxLength: 2 },
    ),
    labels: texts,
    annotations: texts,
    linux: maybe(
      fc.record({
        cgroupParent: nasty,
        sysctls: texts,
        securityContext: maybe(
          fc.record({
            privileged: fc.boolean(),
            supplementalGroups: fc.array(fc.bigInt(), { maxLength: 2 }),
            runAsUser: maybe(fc.record({ value: fc.bigInt({ min: -1n, max: 5n }) })),
            runAsGroup: maybe(fc.record({ value: fc.bigInt({ min: -1n, max: 5n }) })),
            namespaceOptions: maybe(
              fc.record({
                network: mode,
                pid: mode,
                ipc: mode,
                targetId: nasty,
                usernsOptions: maybe(fc.record({ mode, uids: fc.constant([]), gids: fc.constant([]) })),
              }),
            ),
          }),
        ),
      }),
    ),
  })
  .map(wire);

describe('parsePodConfig', () => {
  it('takes no group without a user, nor numbers that are none, for the sandbox', () => {
    const said = (securityContext: object) => () =>
      parsePodConfig(wire({ linux: { cgroupParent: '', sysctls: {}, securityContext } }));
    const value = (number: bigint) => ({ value: number });
    const none = { supplementalGroups: [] };
    expect(said({ ...none, runAsGroup: value(1n) })).to.throw('run_as_group is set without run_as_user');
    expect(said({ ...none, runAsUser: value(-1n) })).to.throw('run_as_user');
    expect(said({ supplementalGroups: [1n << 40n] })).to.throw('supplemental_groups');
    expect(said({ ...none, runAsUser: value(1n), runAsGroup: value(1n) })).to.not.throw();
    const selinuxOptions = { user: '', role: '', type: '', level: 'top' };
    expect(said({ ...none, selinuxOptions })).to.throw('selinux_options.level');
  });

  it('keeps ports with a host port on a network of the pod, and refuses what is none', () => {
    const port = { protocol: 1, containerPort: 80, hostPort: 8080, hostIp: '::1' };
    const ports = (given: object, more: object = {}) =>
      parsePodConfig(wire({ ...more, portMappings: [{ ...port, ...given }] })).ports;
    expect(ports({})).to.deep.equal([{ protocol: 'udp', containerPort: 80, hostPort: 8080, hostIp: '::1' }]);
    expect(ports({ hostPort: 0, containerPort: 0 })).to.deep.equal([]);
    const namespaceOptions = { network: NamespaceMode.NODE, ipc: 0, pid: 0 };
    const node = { linux: { securityContext: { namespaceOptions, supplementalGroups: [] } } };
    expect(ports({}, node)).to.deep.equal([]);
    for (const bad of [{ containerPort: 0 }, { hostPort: 65_536 }, { hostIp: 'localhost' }, { protocol: 9 }])
      expect(() => ports(bad), JSON.stringify(bad)).to.throw('config.port_mappings');
  });

  it('decides every default', () => {
    expect(parsePodConfig(wire({}))).to.deep.equal({
      ...{ name: 'a', uid: '', namespace: '', attempt: 0, hostname: '', logDirectory: '', dns: null },
      ...{ labels: {}, annotations: {}, cgroupParent: '', sysctls: {}, ports: [], privileged: false },
      ...{ limits: noPodResources, selinux: null },
      ...{ network: 'pod', ipc: 'pod', pid: 'container', users: null },
    });
  });

  it('takes modes by their meaning', () => {
    const { POD, CONTAINER, NODE } = NamespaceMode;
    const parse = (network: NamespaceMode, ipc: NamespaceMode, pid: NamespaceMode) => {
      const namespaceOptions = { network, ipc, pid, targetId: '', usernsOptions: undefined };
      const { network: n, ipc: i, pid: p } = parsePodConfig(wire({ linux: linuxWith(namespaceOptions) }));
      return [n, i, p];
    };
    expect(parse(POD, POD, POD)).to.deep.equal(['pod', 'pod', 'pod']);
    expect(parse(NODE, NODE, NODE)).to.deep.equal(['node', 'node', 'node']);
    expect(parse(POD, POD, CONTAINER)).to.deep.equal(['pod', 'pod', 'container']);
  });

  it('settles any message, or refuses it by a code that blames the caller', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const parsed = parsedOrRefused(config);
        if (parsed === undefined) return;
        expect(parsed.labels).to.deep.equal(config.labels);
        expect(parsed.name).not.to.equal('');
        expect(JSON.stringify(parsed)).not.to.contain('\\u0000');
      }),
      { numRuns: 500 },
    );
  });

  it('gives what a record on disk gives back unaltered', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const parsed = parsedOrRefused(config);
        if (parsed !== undefined) expect(throughDisk(parsed)).to.deep.equal(parsed);
      }),
      { numRuns: 500 },
    );
  });

  it('lets no host name through that the kernel or a hosts file could not bear', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const parsed = parsedOrRefused(config);
        if (parsed === undefined || parsed.network === 'node') return;
        expect(hostnameOf(parsed)).to.match(/^[A-Za-z0-9.-]{1,64}$/);
      }),
    );
  });
});

const linuxWith = (namespaceOptions: object) => ({
  ...{ cgroupParent: '', sysctls: {}, overhead: undefined, resources: undefined },
  securityContext: { privileged: false, supplementalGroups: [], namespaceOptions },
});

function parsedOrRefused(config: PodSandboxConfig): PodConfig | undefined {
  try {
    return parsePodConfig(config);
  } catch (error) {
    expect(error).to.be.instanceOf(CricketError);
    expect((error as CricketError).code).to.be.oneOf(['invalid_argument', 'unimplemented']);
    return undefined;
  }
}

function throughDisk(config: PodConfig): PodConfig {
  const data = {
    id: newPodId(),
    config,
    handler: '',
    createdAt: '1',
    cgroup: '/a',
    ownsCgroup: true,
    pins: {},
    bootId: '',
  };
  const text = JSON.stringify({ kind: podRecordKind.name, version: podRecordKind.version, data });
  return parseCheckpoint(podRecordKind, 'pod.json', text).config;
}
