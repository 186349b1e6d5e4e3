import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NamespaceMode, NamespaceOption, UserNamespace } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, runPod } from '../../fixtures/pods.ts';
import { fails } from '../sandbox/lab.ts';
import { namespaceFrom, range, users } from './lab.ts';

const { POD, CONTAINER, NODE, TARGET } = NamespaceMode;

describe('user namespaces that cannot be', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  const programs = mkdtempSync(join(tmpdir(), 'cricket-runtimes-'));
  before(async () => {
    const old = join(programs, 'old');
    writeFileSync(old, '#!/bin/sh\necho \'{"linux": {"namespaces": ["pid"]}}\'\n', { mode: 0o755 });
    cricket = await startCricket({ config: `[runtimes.old]\npath = "${old}"\n` });
  });
  after(async () => {
    await cricket.stop();
    rmSync(programs, { recursive: true });
  });

  const asking = async (usernsOptions: Partial<UserNamespace>, handler = '') =>
    runPod(cricket, { name: 'a', namespaces: { usernsOptions: filled(UserNamespace, usernsOptions) } }, handler);
  const one = [range(1000)];

  it('are refused in a form that means none, naming the field', async () => {
    const two = [range(1000), { ...range(200_000), containerId: 65_536 }];
    for (const [options, text] of [
      [{ mode: CONTAINER }, 'userns_options.mode is 1'],
      [{ mode: TARGET }, 'userns_options.mode is 3'],
      [{ mode: 9 as NamespaceMode }, 'userns_options.mode is 9'],
      [{ mode: NODE, uids: one, gids: one }, 'mode NODE'],
      [{ mode: POD }, 'userns_options.uids has 0 mappings'],
      [{ mode: POD, uids: one }, 'userns_options.gids has 0 mappings'],
      [{ mode: POD, uids: two, gids: one }, 'userns_options.uids has 2 mappings'],
      [{ mode: POD, uids: [{ ...range(1000), containerId: 1 }], gids: one }, 'must begin at 0'],
      [{ mode: POD, uids: one, gids: [{ ...range(1000), length: 0 }] }, 'has length 0'],
      [{ mode: POD, uids: [{ ...range(4_294_967_295), length: 1 }], gids: one }, 'those of a host end at 4294967294'],
      [{ mode: POD, uids: [{ ...range(4_294_900_000) }], gids: one }, ''],
    ] as const)
      if (text === '') expect((await asking(options)).id).to.match(/^[0-9a-f]{64}$/);
      else await fails(asking(options), 'INVALID_ARGUMENT', text);
    await cricket.removePods();
  });

  it('are refused where the runtime does not say that it can', async () => {
    await fails(asking({ mode: POD, uids: one, gids: one }, 'old'), 'FAILED_PRECONDITION', 'does not say that it can');
    const { runtimeHandlers } = await cricket.client.runtime.status({ verbose: false });
    expect(runtimeHandlers.find(({ name }) => name === 'old')?.features?.userNamespaces).to.equal(false);
  });

  it('are refused to containers that want another one than their pod', async () => {
    const own = await runPod(cricket, { name: 'own', namespaces: users(1000) });
    const host = await runPod(cricket, { name: 'host' });
    const wanting = (usernsOptions: UserNamespace) => ({
      name: 'c',
      security: { namespaceOptions: filled(NamespaceOption, { pid: CONTAINER, usernsOptions }) },
    });
    for (const [pod, wish] of [
      [own, namespaceFrom(2000)],
      [own, filled(UserNamespace, { mode: NODE })],
      [host, namespaceFrom(1000)],
    ] as const)
      await fails(createContainer(cricket, pod, wanting(wish)), 'INVALID_ARGUMENT', 'is not that of the sandbox');
    await createContainer(cricket, own, wanting(namespaceFrom(1000)));
    await createContainer(cricket, host, wanting(filled(UserNamespace, { mode: NODE })));
    await cricket.removePods();
    expect(await cricket.left()).to.deep.equal([]);
  });
});
