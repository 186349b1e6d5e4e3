import { expect } from 'chai';
import { eventually } from '../../fixtures/pods.ts';
import type { LocalStreaming } from './local-targets.ts';
import { connectSpdy } from './spdy-client.ts';

/** Waits until it is so. */
export const until = async (look: () => boolean): Promise<void> =>
  eventually(() => {
    if (!look()) throw new Error(`not so: ${look.toString()}`);
  });

/** Nothing is left of who came before: no session is open, and the server serves the next one. */
export async function serves(local: LocalStreaming): Promise<void> {
  await eventually(async () => {
    const open = await local.metrics.registry.getSingleMetric('cricket_streaming_sessions')?.get();
    if (open?.values.some(({ value }) => value !== 0) === true) throw new Error(JSON.stringify(open.values));
  });
  const client = await connectSpdy(await local.exec('echo fine', { stderr: false }));
  client.open({ streamtype: 'error' });
  const stdout = client.open({ streamtype: 'stdout' });
  await until(() => client.closed);
  expect(client.text(stdout)).to.equal('fine\n');
}
