import { expect } from 'chai';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, runContainer, runPod } from '../../fixtures/pods.ts';
import { fails, sh } from './lab.ts';

const annotations = { 'cricket/ulimits.web': 'nofile=64:128, core=0', 'cricket/ulimits.bad': 'nofile=2:1' };
const limits = `awk '/open files/ {print $4, $5} /core file/ {print $5, $6}' /proc/1/limits; ulimit -Sn`;

describe('ulimits by annotation', () => {
  let cricket: Cricket;
  afterEach(async () => cricket.stop());

  it('are those of the container named, for its programs and what is run in it, with crun and runc', async () => {
    cricket = await startCricket({
      config: 'containers.annotations = ["cricket/ulimits"]\n[ulimits.core]\nsoft = 7\nhard = 9',
    });
    for (const handler of ['crun', 'runc']) {
      const pod = await runPod(cricket, { name: handler, annotations }, handler);
      const told = async (name: string) =>
        (await sh(cricket, await runContainer(cricket, pod, { name }), limits)).split('\n');
      const [core, files, ofExec] = await told('web');
      expect([core, files]).to.deep.equal(['0 0', '64 128']);
      // runc before 1.1.12 lets Go raise the soft limit of what it runs to the hard one.
      expect(ofExec).to.be.oneOf(handler === 'crun' ? ['64'] : ['64', '128']);
      expect((await told('other'))[0]).to.equal('7 9');
      const free = await runContainer(cricket, pod, { name: 'free' });
      expect(await sh(cricket, free, 'ulimit -Hs'), 'in an exec too').to.equal('unlimited');
      await fails(createContainer(cricket, pod, { name: 'bad' }), 'INVALID_ARGUMENT', 'ulimits.bad: "nofile=2:1"');
    }
  });

  it('have no meaning where the configuration does not allow them', async () => {
    cricket = await startCricket();
    const pod = await runPod(cricket, { name: 'a', annotations });
    for (const name of ['web', 'bad'])
      expect(await sh(cricket, await runContainer(cricket, pod, { name }), 'ulimit -Sn')).to.equal('1024');
  });
});
