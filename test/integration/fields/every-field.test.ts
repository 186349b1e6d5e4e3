import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerFields } from './container-fields.ts';
import { leavesOf } from './fields.ts';
import type { Stage } from './fields.ts';
import { podFields } from './pod-fields.ts';
import { containerLimits, podLimits } from './resources.ts';
import { securityFields } from './security-fields.ts';
import { setStage, settings } from './stage.ts';

const fates = { ...podFields, ...podLimits, ...containerFields, ...securityFields, ...containerLimits };

/** A field that CRI gains is missing here until somebody decides what becomes of it, and proves it. */
describe('every field of a sandbox and of a container', () => {
  let cricket: Cricket;
  let dir: string;
  let stage: Stage;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-fields-'));
    cricket = await startCricket({ config: settings(dir) });
    stage = await setStage(cricket, dir);
  });
  after(async () => {
    await cricket.stop();
    execFileSync('umount', [join(dir, 'slave')]);
    rmSync(dir, { recursive: true });
  });

  it('has a fate', () => {
    const leaves = [...leavesOf('PodSandboxConfig'), ...leavesOf('ContainerConfig')];
    expect(Object.keys(fates)).to.have.members(leaves);
  });

  for (const [path, { kind, proof }] of Object.entries(fates))
    it(`${path}: ${kind}`, async () => {
      await proof(stage);
    });
});
