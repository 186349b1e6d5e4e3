import { z } from 'zod';
import { listenAddress } from '../values.ts';

export const streamingSection = z
  .strictObject({
    address: listenAddress({ mayBeEmpty: false })
      .default('127.0.0.1:0')
      .describe('Where exec, attach and port-forward streams are served. Port 0: a free one.'),
  })
  .describe('Streams of exec, attach and port-forward.');

export const metricsSection = z
  .strictObject({
    address: listenAddress({ mayBeEmpty: true })
      .default('127.0.0.1:9464')
      .describe('Where /metrics, /healthz and /readyz are served. Empty: nowhere.'),
  })
  .describe('Metrics and health.');
