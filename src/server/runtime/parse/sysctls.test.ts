import { expect } from 'chai';
import fc from 'fast-check';
import { checkSysctls } from './sysctls.ts';

const refused = (act: () => unknown, said: string | RegExp) =>
  expect(act).to.throw(said).with.property('code', 'invalid_argument');

describe('checkSysctls', () => {
  const own = { network: 'pod', ipc: 'pod' } as const;

  it('lets those of own namespaces pass, and none of the host', () => {
    checkSysctls({ 'net.ipv4.tcp_syncookies': '1', 'kernel.sem': '1 2 3 4', 'fs.mqueue.msg_max': '9' }, own);
    for (const name of ['kernel.panic', 'vm.swappiness', 'fs.file-max', 'kernel.shm', 'user.max_net_namespaces'])
      refused(() => checkSysctls({ [name]: '1' }, own), 'set it on the node instead');
    refused(() => checkSysctls({ 'net.core.somaxconn': '1' }, { ...own, network: 'node' }), 'network namespace');
    refused(() => checkSysctls({ 'kernel.msgmax': '1' }, { ...own, ipc: 'node' }), 'ipc namespace');
  });

  it('lets no name pass that leads out of /proc/sys', () => {
    const part = fc.constantFrom('net', 'kernel', '..', '.', '', '/', 'ipv4', 'msgmax', '\0', '\n');
    const separator = fc.constantFrom('.', '/', '');
    const name = fc.array(fc.tuple(part, separator), { maxLength: 6 }).map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(name, (sysctl) => {
        try {
          checkSysctls({ [sysctl]: '1' }, own);
        } catch {
          return;
        }
        const path = new URL(`file:///proc/sys/${sysctl.replaceAll('.', '/')}`).pathname;
        expect(path).to.match(/^\/proc\/sys\/(net|kernel|fs)\//);
      }),
      { numRuns: 500 },
    );
  });
});
