import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { newContainerId, newInstanceId } from '../../base/ids.ts';
import { silentLogger } from '../../base/log.ts';
import { createPaths } from '../store/paths.ts';
import type { Container } from '../store/store.ts';
import { makeExecGroup } from './exec-group.ts';
import type { ExecGroupParts } from './exec-group.ts';
import { sweepExecs } from './sweep-execs.ts';

describe('the sweeping of commands', () => {
  const state = mkdtempSync(join(tmpdir(), 'cricket-sweep-'));
  after(() => rmSync(state, { recursive: true }));

  it('ends what a killed daemon left running, and nothing that was asked for since', async () => {
    const record = { id: newContainerId(), cgroup: '/pod/container' };
    const container = { record, state: { kind: 'running' } } as unknown as Container;
    const paths = createPaths('/nowhere', state, newInstanceId());
    const { bundle, spec } = paths.container(record.id);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(spec, JSON.stringify({ process: {} }));
    writeFileSync(join(bundle, 'exec-0123456789ab.json'), '{}');
    const [groups, killed]: [string[], string[]] = [['exec-0123456789ab', 'other'], []];
    const parts = {
      paths,
      log: silentLogger(),
      cgroups: {
        frozen: () => false,
        createExec: (_: string, name: string) => groups.push(name),
        list: () => groups,
        child: (parent: string, name: string) => join(parent, name),
        kill: async (path: string) => void killed.push(basename(path)),
        remove: async () => undefined,
      },
    } as unknown as ExecGroupParts;
    const { name } = await makeExecGroup(parts, container, { command: ['true'], terminal: false });
    await sweepExecs(parts, container, AbortSignal.timeout(10_000));
    expect(killed).to.deep.equal(['exec-0123456789ab']);
    expect(readdirSync(bundle)).to.have.members([basename(spec), `${name}.json`]);
  });
});
