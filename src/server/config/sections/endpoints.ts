import { z } from 'zod';
import { listenAddress } from '../values.ts';

export const metricsSection = z
  .strictObject({
    address: listenAddress({ mayBeEmpty: true })
      .default('127.0.0.1:9464')
      .describe('Where /metrics, /healthz and /readyz are served. Empty: nowhere.'),
  })
  .describe('Metrics and health.');
