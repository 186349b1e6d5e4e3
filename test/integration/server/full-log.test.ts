import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const log = join(import.meta.dirname, '../../../src/base/log.ts');

describe('a log on a full disk', function () {
  this.timeout(30_000);
  it('costs its lines and nothing else', () => {
    const full = openSync('/dev/full', 'w');
    const program = `import { createLogger } from ${JSON.stringify(log)};
      const log = createLogger('info');
      for (let i = 0; i < 20000; i += 1) log.info({ i, padding: 'x'.repeat(200) }, 'a line');
      setTimeout(() => console.log('alive'), 50);`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', full],
      encoding: 'utf8',
      timeout: 15_000,
    });
    closeSync(full);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'alive\n' });
  });
});
