import { expect } from 'chai';
import { follow } from '../fixtures/kubelet/ask.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { logLines, logOf, rotatedLog, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const bursts = 120;
const linesPerBurst = 500;
const padding = 'x'.repeat(100);
const expected = Array.from({ length: bursts * linesPerBurst }, (_, i) => `${padding} ${i + 1}`);
const writers = ['writer-0', 'writer-1', 'writer-2'] as const;

/** 7 MB of numbered lines, as fast as they go with a breath between 56 KB, then waits. Files are full at 1 MiB. */
const writer = (name: string): StaticPod =>
  staticPod({
    name,
    script: `i=0; while [ $i -lt ${bursts} ]; do
      seq $((i * ${linesPerBurst} + 1)) $(((i + 1) * ${linesPerBurst})) | sed "s/^/${padding} /"; sleep 0.1; i=$((i + 1))
    done; touch /tmp/done; exec sleep 100000`,
    container: { readinessProbe: { exec: { command: ['test', '-e', '/tmp/done'] }, periodSeconds: 1 } },
  });

describe('a real kubelet rotates logs under load', function () {
  this.timeout(240_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    const kubelet = { containerLogMaxSize: '1Mi', containerLogMonitorInterval: '3s', containerLogMaxWorkers: 3 };
    node = await startNode({ kubelet });
    for (const name of writers) node.run(name, writer(name));
  });
  after(async () => node[Symbol.asyncDispose]());

  it('while somebody follows one', async () => {
    const path = `/containerLogs/default/writer-0-${node.kubelet().nodeName}/main?follow=true`;
    await eventually(async () => logOf(node.kubelet(), 'writer-0', '?tailLines=1'), 60_000);
    const stream = follow(node.kubelet(), path);
    await eventually(async () => {
      const { pod } = await viewOf(node.kubelet(), 'writer-0');
      expect(pod.status.conditions?.find(({ type }) => type === 'Ready')?.status).to.equal('True');
    }, 180_000);
    const last = `${padding} ${expected.length}\n`;
    await eventually(() => expect(stream.text().endsWith(last), 'the last line').to.equal(true), 30_000);
    stream.stop();
    expectNumbered(stream.text().split('\n').slice(0, -1));
    expect(rotatedLog(node.kubelet(), 'writer-0').files, 'files').to.be.greaterThan(2);
  });

  for (const name of writers)
    it(`and neither loses nor repeats a line of ${name}`, async () => {
      await eventually(() => {
        const { files, lines } = rotatedLog(node.kubelet(), name);
        expect(files).to.be.greaterThan(2);
        expectNumbered(lines);
      }, 60_000);
    });

  it('without a complaint', () => {
    expect(logLines(node.kubelet(), /Failed to rotate|Failed to reopen|Container is not running.*log/)).to.deep.equal(
      [],
    );
  });
});

/** Tells the first gap: a diff of all lines would be megabytes. */
function expectNumbered(lines: readonly string[]): void {
  const wrong = expected.findIndex((line, i) => lines[i] !== line);
  const found = lines.slice(Math.max(0, wrong - 1), wrong + 2).map((line) => line.slice(-12));
  expect(wrong, `line ${wrong + 1}: ${found.join(' | ')}, of ${lines.length}`).to.equal(-1);
  expect(lines).to.have.length(expected.length);
}
