import { expectStep, installForMachines, runGuest } from './machine.ts';
import { steps } from './guest/service.ts';
import type { StepResult } from './guest/steps.ts';

for (const kernel of ['6.12', '6.1'])
  describe(`the service under systemd on cgroup v2, Linux ${kernel}`, function () {
    this.timeout(900_000);
    let results: ReadonlyMap<string, StepResult>;
    before(async () => {
      const installed = installForMachines();
      results = await runGuest(['-s', '-k', kernel, '-d', '1024', '-t', '800'], ['service.ts', installed]);
    });
    for (const { name } of steps) it(name, () => expectStep(results, name));
  });
