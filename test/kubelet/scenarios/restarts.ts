import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { startNode } from '../../fixtures/kubelet/node.ts';
import type { TestNode } from '../../fixtures/kubelet/node.ts';
import { shell, sleeping, staticPod } from '../../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../../fixtures/kubelet/static-pod.ts';
import { isReady, logLines, rotatedLog, viewOf } from '../../fixtures/kubelet/views.ts';
import { eventually } from '../../fixtures/pods.ts';

const often = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 10 };

function probed(name: string, container: object): StaticPod {
  const script = 'trap "exit 0" TERM; httpd -p 8080 -h /; i=0; while :; do i=$((i + 1)); echo tick $i; sleep 0.5; done';
  return staticPod({ name, script, container: { ...container } });
}

/** Ends with a code when it is told to, and counts how often it began. */
function waiting(name: string, shared: string, code: number, restartPolicy: string): StaticPod {
  return staticPod({
    name,
    script: `echo begun >> /shared/${name}; until [ -e /shared/${name}-go ]; do sleep 0.1; done
      [ -e /shared/${name}-went ] && exec sleep 100000; touch /shared/${name}-went; echo last words; exit ${code}`,
    spec: { restartPolicy, volumes: [{ name: 'shared', hostPath: { path: shared, type: 'Directory' } }] },
    container: { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] },
  });
}

export const everyRound = ['kubelet', 'daemon', 'both', 'minute'] as const;
type Round = (typeof everyRound)[number];

function podsOf(shared: string, rounds: readonly Round[]): readonly StaticPod[] {
  const exec = { exec: { command: ['true'] }, ...often };
  const http = { httpGet: { port: 8080, path: '/etc/passwd' }, ...often };
  const two = staticPod({ name: 'two', script: sleeping, spec: { shareProcessNamespace: true } });
  return [
    probed('exec-probed', { readinessProbe: exec, livenessProbe: exec }),
    probed('http-probed', { readinessProbe: http, livenessProbe: http }),
    { ...two, spec: { ...two.spec, containers: [...two.spec.containers, shell('other', sleeping)] } },
    ...rounds.flatMap((round) => [
      waiting(`well-${round}`, shared, 0, 'OnFailure'),
      waiting(`badly-${round}`, shared, 3, 'Always'),
      staticPod({ name: `removed-${round}`, script: sleeping }),
    ]),
  ];
}

interface Restarts {
  /** Of the kubelet. */
  readonly who: string;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly rounds: readonly Round[];
  /** Looked at before anything starts again. */
  readonly first?: (node: TestNode) => Promise<void>;
}

/** Tests of what a kubelet and the daemon find when one of them, or both, were away. */
export function describeRestarts({ who, featureGates, rounds, first }: Restarts): void {
  describe(`${who} and the daemon start again`, function () {
    this.timeout(240_000);
    let node: TestNode;
    let names: readonly string[];
    before(async function () {
      this.timeout(600_000);
      node = await startNode({ featureGates });
      const pods = podsOf(node.shared, rounds);
      names = pods.map(({ metadata }) => metadata.name);
      for (const pod of pods) node.run(pod.metadata.name, pod);
      for (const name of names) await ready(name);
      await first?.(node);
    });
    after(async () => node[Symbol.asyncDispose]());

    const steadfast = ['exec-probed', 'http-probed', 'two'];
    const ready = async (name: string) =>
      eventually(async () => {
        const seen = await viewOf(node.kubelet(), name);
        expect(isReady(seen.pod), `${name} is ready`).to.equal(true);
      }, 90_000);
    const look = async () =>
      Promise.all(
        steadfast.map(async (name) => {
          const { pod } = await viewOf(node.kubelet(), name);
          const containers = pod.status.containerStatuses?.map(({ containerID, restartCount, state }) => ({
            containerID,
            restartCount,
            state: Object.keys(state),
          }));
          return {
            name,
            ip: pod.status.podIP,
            phase: pod.status.phase,
            containers,
            sandboxes: await node.sandboxes(name),
          };
        }),
      );
    const begun = (name: string) => readFileSync(join(node.shared, name), 'utf8').split('\n').length - 1;

    const away: Readonly<Record<Round, (meanwhile: () => Promise<void>) => Promise<void>>> = {
      kubelet: async (meanwhile) => node.restartKubelet(meanwhile, 'killed'),
      daemon: async (meanwhile) => {
        await node.cricket.sigkill();
        await meanwhile();
        await node.cricket.start();
      },
      both: async (meanwhile) => {
        await node.cricket.sigkill();
        await node.restartKubelet(async () => {
          await meanwhile();
          await node.cricket.start();
        }, 'killed');
      },
      // Long enough for every probe to be asked many times, and for the kubelet to list in vain.
      minute: async (meanwhile) => {
        await node.cricket.sigkill();
        await meanwhile();
        await delay(60_000);
        await node.cricket.start();
      },
    };
    const what = {
      kubelet: 'the kubelet killed',
      daemon: 'the daemon killed',
      both: 'both killed',
      minute: 'the daemon away for a minute, while probes go on',
    } as const;

    for (const round of rounds)
      describe(what[round], () => {
        it('changes nothing for those that run', async () => {
          const before = await look();
          await away[round](async () => {
            for (const name of [`well-${round}`, `badly-${round}`]) writeFileSync(join(node.shared, `${name}-go`), '');
            node.remove(`removed-${round}`);
            for (const name of [`well-${round}`, `badly-${round}`])
              await eventually(() => expect(existsSync(join(node.shared, `${name}-went`)), name).to.equal(true));
            await delay(1000);
          });
          for (const end = Date.now() + 8000; Date.now() < end;) {
            // A kubelet that begins knows of no status at first.
            expect(await eventually(look, 30_000)).to.deep.equal(before);
            await delay(500);
          }
          for (const name of steadfast) await ready(name);
          expect(await look()).to.deep.equal(before);
        });

        it('tells how one ended meanwhile, which is not run again', async () => {
          await eventually(async () => {
            const { pod, main } = await viewOf(node.kubelet(), `well-${round}`);
            expect(main.state['terminated']).to.include({ exitCode: 0, reason: 'Completed' });
            expect(pod.status.phase).to.equal('Succeeded');
            expect(main.restartCount).to.equal(0);
          }, 60_000);
          expect(begun(`well-${round}`)).to.equal(1);
          expect(rotatedLog(node.kubelet(), `well-${round}`).lines).to.deep.equal(['last words']);
        });

        it('runs one again that failed meanwhile, once', async () => {
          const name = `badly-${round}`;
          await eventually(async () => {
            const { main } = await viewOf(node.kubelet(), name);
            expect(main.state).to.have.property('running');
            expect(main.restartCount).to.equal(1);
            expect(main.lastState['terminated']).to.include({ exitCode: 3, reason: 'Error' });
          }, 90_000);
          expect(begun(name)).to.equal(2);
          expect(await node.sandboxes(name)).to.have.length(1);
        });

        it('ends one whose manifest went meanwhile', async () => {
          await eventually(async () => expect(await node.readySandboxes(`removed-${round}`)).to.deep.equal([]), 90_000);
        });
      });

    describe('in the end', () => {
      it('leaves no gap in what was written', () => {
        for (const name of ['exec-probed', 'http-probed']) {
          const { lines } = rotatedLog(node.kubelet(), name);
          expect(lines).to.deep.equal(lines.map((_, i) => `tick ${i + 1}`));
        }
      });

      it('and all of it goes', async () => {
        for (const name of names) if (!name.startsWith('removed-')) node.remove(name);
        await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
        await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
        expect(logLines(node.kubelet(), /code = (Internal|AlreadyExists|Unimplemented)/)).to.deep.equal([]);
      });
    });
  });
}
