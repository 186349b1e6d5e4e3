import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { sh } from './lab.ts';

describe('files of CDI devices', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-cdi-'));
  const [early, late] = [join(dir, 'early'), join(dir, 'late')];
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    mkdirSync(late);
    cricket = await startCricket({ config: `cdi.spec_dirs = ["${early}", "${late}"]` });
    pod = await runPod(cricket, { name: 'files' });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });

  it('are read in YAML, as others write it', async () => {
    writeFileSync(
      join(late, 'v.yaml'),
      `---
# nvidia-ctk's own spelling
cdiVersion: 0.5.0
kind: test.com/dev
containerEdits:
  env: [ALL=yes]
devices:
  - name: "0:1"
    containerEdits:
      deviceNodes:
        - {path: /dev/yaml, type: c, major: 1, minor: 5, fileMode: 0640}
      mounts:
        - containerPath: /yaml
          hostPath: ${late}
          options:
            - ro
            - nosuid
`,
    );
    const container = await runContainer(cricket, pod, { name: 'yaml', cdiDevices: ['test.com/dev=0:1'] });
    expect(await sh(cricket, container, 'stat -c %a /dev/yaml; ls /yaml; echo $ALL')).to.equal('640\nv.yaml\nyes');
    writeFileSync(join(late, 'v.yml'), readFileSync(join(late, 'v.yaml'), 'utf8').replace('"0:1"', 'other'));
    await runContainer(cricket, pod, { name: 'yml', cdiDevices: ['test.com/dev=other'] });
  });

  it('are watched: the verbose status and the log tell what they hold before anybody asks', async () => {
    const seen = async () => {
      const { info } = await cricket.client.runtime.status({ verbose: true });
      return JSON.parse(info['cdi'] ?? '') as { readonly devices: string[]; readonly troubles: string[] };
    };
    mkdirSync(early);
    const spec = { cdiVersion: '1.0.0', kind: 'test.com/early', devices: [{ name: 'a', containerEdits: {} }] };
    writeFileSync(join(early, 'x.json'), JSON.stringify(spec));
    writeFileSync(join(late, 'bad.yaml'), '{');
    await eventually(async () => {
      const { devices, troubles } = await seen();
      expect(devices).to.include('test.com/early=a');
      expect(troubles.join()).to.match(/bad.yaml: it is not YAML/);
    });
    expect(cricket.log()).to.contain('a file of CDI devices cannot be used');
    rmSync(early, { recursive: true });
    await eventually(async () => expect((await seen()).devices.join()).to.not.contain('early'));
  });
});
