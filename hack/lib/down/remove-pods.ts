/** remove-pods.ts SOCKET : stops and removes every pod over the CRI socket, and says how many there were. */
import { connectCri, statusOf } from '../cri-client.ts';
import type { CriClient } from '../cri-client.ts';
import { removePod } from '../demo/pod.ts';

const [socket] = process.argv.slice(2);
if (socket === undefined) throw new Error('usage: remove-pods.ts SOCKET');

using cri = connectCri(`unix://${socket}`);
try {
  await cri.ready(15_000);
  const { items } = await cri.runtime.listPodSandbox();
  const problems = await removeAll(
    cri,
    items.map(({ id }) => id),
  );
  const removed = items.length - problems.length;
  if (removed > 0) console.log(`removed ${removed} pod${removed === 1 ? '' : 's'}`);
  for (const problem of problems) console.error(`down: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} catch (error) {
  console.error(`down: ${textOf(error)}`);
  process.exitCode = 1;
}

async function removeAll(client: CriClient, ids: readonly string[]): Promise<string[]> {
  const results = await Promise.allSettled(ids.map((id) => removePod(client, id)));
  return results.flatMap((result) => (result.status === 'rejected' ? [textOf(result.reason)] : []));
}

function textOf(error: unknown): string {
  return statusOf(error)?.message ?? (error instanceof Error ? error.message : String(error));
}
