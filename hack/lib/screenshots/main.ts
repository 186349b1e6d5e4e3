/** main.ts DIR : writes the pictures of docs/images. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../../test/fixtures/daemon.ts';
import type { Cricket } from '../../../test/fixtures/daemon.ts';
import { freePort } from '../../../test/fixtures/prometheus.ts';
import { runContainer, runPod } from '../../../test/fixtures/pods.ts';
import type { TestPod } from '../../../test/fixtures/pods.ts';
import { inTerminal } from '../../../test/fixtures/terminal.ts';
import { takeShot } from './browser.ts';
import { terminalPage } from './terminal-page.ts';

const MiB = 1024 * 1024;
/** Seconds for which the plots are filled. */
const watched = 75;

/** Busy for so much of each second; holds so many megabytes. */
const load = (busy: number, megabytes: number) =>
  `head -c ${megabytes}000000 /dev/zero > /dev/shm/held; while :; do i=0; while [ $i -lt ${busy}000 ]; do i=$((i+1)); done; sleep 0.$((RANDOM % 7 + 2)); done`;

const start = async (cricket: Cricket, pod: TestPod, name: string, script: string, limits: object = {}) =>
  runContainer(cricket, pod, { name, command: ['sh', '-c', script], resources: limits });

async function fill(cricket: Cricket): Promise<void> {
  const memory = (megabytes: number) => ({ memoryLimitInBytes: BigInt(megabytes * MiB) });
  const shop = await runPod(cricket, { name: 'frontend-7d9f', namespace: 'shop', uid: 'u1' });
  await start(cricket, shop, 'nginx', load(20, 12), memory(64));
  await start(cricket, shop, 'app', load(90, 30), { ...memory(128), cpuQuota: 20_000n, cpuPeriod: 100_000n });
  const data = await runPod(cricket, { name: 'db-0', namespace: 'shop', uid: 'u2' });
  await start(cricket, data, 'postgres', load(40, 56), memory(72));
  await start(cricket, data, 'exporter', load(5, 4));
  const batch = await runPod(cricket, { name: 'import-28931', namespace: 'batch', uid: 'u3' });
  await start(cricket, batch, 'reader', load(60, 20), memory(64));
  await start(cricket, batch, 'hungry', 'sleep 8; x=$(head -c 60000000 /dev/zero | tr "\\0" x); echo $x', memory(24));
  const system = await runPod(cricket, { name: 'node-agent', namespace: 'kube-system', uid: 'u4' });
  await start(cricket, system, 'agent', load(8, 6), memory(32));
}

const directory = resolve(process.argv[2] ?? 'docs/images');
mkdirSync(directory, { recursive: true });
const port = await freePort();
const cricket = await startCricket({ config: `metrics.address = "127.0.0.1:${port}"` });
try {
  await fill(cricket);
  const url = `http://127.0.0.1:${port}/`;
  const cli = join(import.meta.dirname, '../../../src/server/main.ts');
  await using terminal = await inTerminal(`${process.execPath} ${cli} top --config ${cricket.config}`, 150, 13);
  for (let second = 0; second < watched; second++) {
    await (await fetch(`${url}status`)).text();
    await delay(1000);
  }
  await takeShot({ url, file: join(directory, 'status-page.png'), width: 1180, height: 1000 });
  await takeShot({ url, file: join(directory, 'status-page-dark.png'), width: 1180, height: 1000, dark: true });
  const page = join(cricket.dir, 'top.html');
  writeFileSync(page, terminalPage(terminal.output()));
  await takeShot({ url: `file://${page}`, file: join(directory, 'top.png'), width: 1220, height: 268 });
  terminal.type('q');
  await terminal.ended();
} finally {
  await cricket.stop();
}
