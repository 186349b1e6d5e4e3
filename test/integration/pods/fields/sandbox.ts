import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { NamespaceMode, NamespaceOption, Protocol } from '../../../../api/cri/v1/api.ts';
import { filled } from '../../../../hack/lib/cri-client.ts';
import { namespaceOf, sh } from '../../sandbox/lab.ts';
import type { FieldGroup, Seen } from '../field-group.ts';

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/);
const usually = <T>(value: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });
const sysctls = {
  'net.ipv4.ip_unprivileged_port_start': '80',
  'net.ipv4.ping_group_range': '0\t7',
  'kernel.shm_rmid_forced': '1',
  'kernel.msgmax': '16384',
  'fs.mqueue.msg_max': '20',
} as const;

const wishes = fc.record({
  name: label,
  namespace: label,
  uid: fc.uuid(),
  attempt: fc.nat(5),
  hostname: fc.oneof(fc.constant(''), label, fc.constant('web.example.org')),
  labels: fc.dictionary(label, fc.string({ maxLength: 20 }), { maxKeys: 3 }),
  annotations: fc.dictionary(label, fc.string({ maxLength: 20 }), { maxKeys: 3 }),
  dns: fc.option(
    fc.record({
      servers: fc.array(fc.ipV4(), { maxLength: 3 }),
      searches: fc.array(fc.domain(), { maxLength: 3 }),
      options: fc.subarray(['ndots:5', 'edns0', 'timeout:2']),
    }),
    { nil: undefined },
  ),
  network: usually(NamespaceMode.POD, fc.constant(NamespaceMode.NODE)),
  ipc: usually(NamespaceMode.POD, fc.constant(NamespaceMode.NODE)),
  pid: fc.constantFrom(NamespaceMode.POD, NamespaceMode.CONTAINER, NamespaceMode.NODE),
  sysctls: fc.subarray(Object.keys(sysctls) as (keyof typeof sysctls)[]),
  hostPort: usually(0, fc.integer({ min: 41_000, max: 49_000 })),
});
type Wish = typeof wishes extends fc.Arbitrary<infer T> ? T : never;

/** Names, namespaces, sysctls, DNS, ports, labels. */
export const sandboxFields: FieldGroup<Wish> = {
  wishes: () => wishes,
  put: (draft, { network, ipc, pid, hostPort, dns, ...wish }) => {
    const namespaces = { network, ipc, pid };
    const ours = wish.sysctls.filter((name) => (name.startsWith('net.') ? network : ipc) === NamespaceMode.POD);
    const port = { protocol: Protocol.TCP, containerPort: 80, hostPort, hostIp: '127.0.0.1' };
    return {
      pod: {
        ...draft.pod,
        ...wish,
        annotations: { ...draft.pod.annotations, ...wish.annotations },
        ...(dns === undefined ? {} : { dns }),
        namespaces,
        sysctls: Object.fromEntries(ours.map((name) => [name, sysctls[name]])),
        ports: hostPort === 0 ? [] : [port],
      },
      container: {
        ...draft.container,
        security: { ...draft.container.security, namespaceOptions: filled(NamespaceOption, namespaces) },
      },
    };
  },
  check: async (seen, wish) => {
    checkNamespaces(seen, wish);
    checkFiles(seen, wish);
    const { draft, podStatus, container, cricket } = seen;
    const { name, namespace, uid, attempt } = wish;
    expect(podStatus).to.deep.include({ labels: wish.labels, annotations: draft.pod.annotations });
    expect(podStatus.metadata).to.deep.equal({ name, namespace, uid, attempt });
    for (const [key, value] of Object.entries(draft.pod.sysctls ?? {}))
      expect(await sh(cricket, container, `cat /proc/sys/${key.replaceAll('.', '/')}`), key).to.equal(value);
    if (wish.hostPort === 0 || wish.network === NamespaceMode.NODE) return;
    const table = execFileSync('nft', ['list', 'table', 'ip', `cricket_${cricket.instance}`], { encoding: 'utf8' });
    expect(table).to.contain(String(wish.hostPort));
  },
};

function checkNamespaces({ pid, podStatus }: Seen, wish: Wish): void {
  const isHosts = (kind: string) => namespaceOf(kind, pid) === namespaceOf(kind);
  const node = NamespaceMode.NODE;
  expect({ net: isHosts('net'), uts: isHosts('uts'), ipc: isHosts('ipc'), pid: isHosts('pid') }).to.deep.equal({
    net: wish.network === node,
    uts: wish.network === node,
    ipc: wish.ipc === node,
    pid: wish.pid === node,
  });
  expect(isHosts('mnt')).to.equal(false);
  const { network, ipc, pid: told } = podStatus.linux?.namespaces?.options ?? {};
  expect({ network, ipc, pid: told }).to.deep.equal({ network: wish.network, ipc: wish.ipc, pid: wish.pid });
  expect(podStatus.network?.ip === undefined).to.equal(wish.network === node);
}

function checkFiles({ pid, podStatus, spec }: Seen, wish: Wish): void {
  const read = (file: string) => readFileSync(`/proc/${pid}/root${file}`, 'utf8');
  const named = wish.network === NamespaceMode.NODE ? hostname() : wish.hostname || wish.name;
  expect(read('/etc/hostname')).to.equal(`${named}\n`);
  expect(spec.process.env).to.include(`HOSTNAME=${named}`);
  if (wish.network === NamespaceMode.POD)
    expect(read('/etc/hosts')).to.contain(`\n${podStatus.network?.ip}\t${named}\n`);
  const { servers, searches, options } = wish.dns ?? { servers: [], searches: [], options: [] };
  const lines = [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
  const text = lines.map((line) => `${line}\n`).join('');
  expect(read('/etc/resolv.conf')).to.equal(wish.dns === undefined ? readFileSync('/etc/resolv.conf', 'utf8') : text);
}
