import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import type { ProcessSession } from '../../../src/sandbox/container/session.ts';
import { entries } from '../../leftovers/kernel.ts';
import { processesBelow } from '../sandbox/lab.ts';
import { StreamLab } from './lab.ts';
import type { ExecWish } from './lab.ts';

/** Processes of the container when nothing is executed in it: its shell, and what that waits for. */
const idle = 2;

/** A container that sleeps, to execute commands in. */
export class Subject implements AsyncDisposable {
  readonly cricket: Cricket;
  readonly lab: StreamLab;
  readonly pod: TestPod;
  readonly container: TestContainer;

  private constructor(own: Pick<Subject, 'cricket' | 'lab' | 'pod' | 'container'>) {
    this.cricket = own.cricket;
    this.lab = own.lab;
    this.pod = own.pod;
    this.container = own.container;
  }

  static async start(): Promise<Subject> {
    const cricket = await startCricket();
    const pod = await runPod(cricket, { name: 'a' });
    const wish = { name: 'c', env: { GREETING: 'hello' }, workingDir: '/tmp' };
    const container = await runContainer(cricket, pod, wish);
    const subject = new Subject({ cricket, lab: new StreamLab(cricket), pod, container });
    await subject.idle();
    return subject;
  }

  async sh(script: string, wish: Partial<ExecWish> = {}): Promise<ProcessSession> {
    return this.lab.exec(this.container, { command: ['sh', '-c', script], ...wish });
  }

  /** Nothing executed runs any more, in whatever cgroup. */
  async idle(): Promise<void> {
    await eventually(() => expect(processesBelow(this.#group)).to.have.length(idle));
  }

  /** The same, and no file of it is left. */
  async settled(): Promise<void> {
    await this.idle();
    const directory = `${this.cricket.state}/containers/${this.container.id}`;
    const files = () => entries(directory).filter((name) => name.startsWith('exec-'));
    await eventually(() => expect(files()).to.deep.equal([]));
  }

  /** Processes beyond the container's own. */
  get executed(): number {
    return processesBelow(this.#group).length - idle;
  }

  /** Kills what has this among its arguments. */
  endAll(part: string): void {
    for (const pid of processesBelow(this.#group)) if (commandOf(pid).includes(part)) process.kill(pid, 'SIGKILL');
  }

  /** The cgroup of the process that is just this command, from the container's own on, which is ".". */
  groupOf(command: string): string {
    const pid = processesBelow(this.#group).find((one) => commandOf(one) === `${command} `);
    const groups = readFileSync(`/proc/${pid ?? 0}/cgroup`, 'utf8').split('\n');
    return `.${groups.find((text) => text.includes(this.#group))?.split(this.#group)[1] ?? ' nowhere'}`;
  }

  get #group(): string {
    return this.cricket.containerCgroup(this.pod.id, this.container.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    await this.cricket.stop();
  }
}

/** Its arguments; nothing of one that is gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
