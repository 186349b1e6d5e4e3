import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { busybox, staticPod } from '../fixtures/kubelet/static-pod.ts';
import { logOf, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

interface Case {
  readonly what: string;
  readonly script: string;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Of the container's `state.terminated`; the message must be told exactly, where there is one. */
  readonly terminated: Readonly<Record<string, unknown>>;
}

const small = { resources: { limits: { memory: '24Mi' } } };
const fromLog = { terminationMessagePolicy: 'FallbackToLogsOnError' };

/** Each runs once, in a pod of its own that is never run again. */
const cases: Readonly<Record<string, Case>> = {
  well: { what: 'that went well', script: 'true', terminated: { exitCode: 0, reason: 'Completed' } },
  highest: { what: 'with the highest code', script: 'exit 255', terminated: { exitCode: 255, reason: 'Error' } },
  killed: {
    what: 'by a signal that was no OOM kill',
    script: 'sh -c "kill -9 \\$\\$"; exit $?',
    terminated: { exitCode: 137, reason: 'Error' },
  },
  aborted: {
    what: 'by SIGABRT',
    // The first process of a PID namespace is spared a signal of its own that it does not handle: here it is not the
    // first. The kubelet makes one `$` of two.
    script: 'kill -ABRT $$$$; sleep 1; exit 1',
    spec: { shareProcessNamespace: true },
    terminated: { exitCode: 134, reason: 'Error' },
  },
  oom: {
    what: 'for want of memory',
    script: 'exec tail /dev/zero',
    container: small,
    terminated: { exitCode: 137, reason: 'OOMKilled' },
  },
  'child-oom': {
    what: 'well, after a child was killed for want of memory',
    script: 'exec 2>&1; tail /dev/zero; echo the child ended by $?; exit 0',
    container: small,
    terminated: { exitCode: 0, reason: 'Completed' },
  },
  message: {
    what: 'with a message in the file',
    script: 'echo to the log; printf "why\\nand whence" > /dev/termination-log; exit 3',
    terminated: { exitCode: 3, reason: 'Error', message: 'why\nand whence' },
  },
  'message-well': {
    what: 'well, with a message in the file',
    script: 'echo 42 > /dev/termination-log',
    container: fromLog,
    terminated: { exitCode: 0, reason: 'Completed', message: '42\n' },
  },
  elsewhere: {
    what: 'with a message in a file of its own choice',
    script: 'echo elsewhere > /var/last-words; exit 3',
    container: { terminationMessagePath: '/var/last-words' },
    terminated: { exitCode: 3, reason: 'Error', message: 'elsewhere\n' },
  },
  'long-message': {
    what: 'with a message of more than 4096 bytes',
    script: 'head -c 5000 /dev/zero | tr "\\0" x > /dev/termination-log; exit 3',
    terminated: { exitCode: 3, reason: 'Error', message: 'x'.repeat(4096) },
  },
  'from-log': {
    what: 'with the end of its log for a message',
    script: 'i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done; echo last words >&2; exit 3',
    container: fromLog,
    terminated: {
      exitCode: 3,
      reason: 'Error',
      // The kubelet takes 80 lines, or 2048 bytes.
      message: `${Array.from({ length: 79 }, (_, i) => `line ${i + 22}\n`).join('')}last words\n`,
    },
  },
  'well-from-log': {
    what: 'well, and then without a message from its log',
    script: 'echo much',
    container: fromLog,
    terminated: { exitCode: 0, reason: 'Completed', message: undefined },
  },
};

/** The same must come out of both. */
const ways = {
  'asks again and again': { EventedPLEG: false, CRIListStreaming: false },
  'lives on events, and has lists streamed': { EventedPLEG: true, CRIListStreaming: true },
} as const;

for (const [how, featureGates] of Object.entries(ways))
  describe(`a real kubelet that ${how} tells the end of a container`, function () {
    this.timeout(90_000);
    let node: TestNode;
    before(async function () {
      this.timeout(600_000);
      // On cgroup v2 it has all of a container killed with the one that wanted too much, unless told.
      node = await startNode({ featureGates, kubelet: { singleProcessOOMKill: true } });
      for (const [name, { script, container = {}, spec = {} }] of Object.entries(cases))
        node.run(name, staticPod({ name, script, container, spec: { restartPolicy: 'Never', ...spec } }));
    });
    after(async () => node[Symbol.asyncDispose]());

    for (const [name, { what, terminated }] of Object.entries(cases))
      it(what, async () => {
        const { main, pod } = await eventually(async () => {
          const seen = await viewOf(node.kubelet(), name);
          expect(seen.main.state).to.have.property('terminated');
          return seen;
        }, 60_000);
        const { exitCode, reason, message, startedAt, finishedAt, containerID } = main.state['terminated'] ?? {};
        expect({ exitCode, reason, message }).to.deep.equal({ message: undefined, ...terminated });
        expect(Date.parse(String(finishedAt)), 'finished').to.be.at.least(Date.parse(String(startedAt)));
        expect(containerID).to.match(/^cricket:\/\/[0-9a-f]{64}$/);
        await eventually(async () => {
          const { phase } = (await viewOf(node.kubelet(), name)).pod.status;
          expect(phase).to.equal(exitCode === 0 ? 'Succeeded' : 'Failed');
        });
        expect(pod.status.containerStatuses).to.have.length(1);
        expect(main.imageID).to.contain(busybox.replace(/:.*/, '@sha256:'));
      });

    it('the log of one that lost a child for want of memory', async () => {
      expect(await logOf(node.kubelet(), 'child-oom')).to.equal('Killed\nthe child ended by 137\n');
    });
  });
