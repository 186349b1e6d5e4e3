/** demo.ts SOCKET CRICKET : the last part of hack/up: the demo image, its pod, and what there is to see of it. */
import { connectCri, statusOf } from '../cri-client.ts';
import { ensureDemoImage, ensureDemoPod } from './pod.ts';
import { describeDemo } from './show.ts';

const [socket, cricket] = process.argv.slice(2);
if (socket === undefined || cricket === undefined) throw new Error('usage: demo.ts SOCKET CRICKET');

const say = (text: string) => void process.stderr.write(`==> ${text}\n`);
const endpoint = `unix://${socket}`;
using cri = connectCri(endpoint);
try {
  await cri.ready(15_000);
  const { runtimeName, runtimeVersion } = await cri.runtime.version();
  if ((await ensureDemoImage(cri, cricket)) === 'imported') say('imported the demo image');
  const demo = await ensureDemoPod(cri);
  say(demo.reused ? 'the demo pod is running' : 'started the demo pod');
  console.log(`\n${runtimeName} ${runtimeVersion} serves CRI on ${endpoint}\n\n${await describeDemo(cri, demo)}\n`);
  console.log('Next: cricket ps\n      cricket exec -it demo sh');
} catch (error) {
  const status = statusOf(error);
  console.error(`up: ${status?.message ?? (error instanceof Error ? error.message : String(error))}`);
  process.exitCode = 1;
}
