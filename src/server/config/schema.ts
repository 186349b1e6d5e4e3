import { z } from 'zod';
import { blockioSection } from './sections/blockio.ts';
import { cdiSection } from './sections/cdi.ts';
import { cgroupSection } from './sections/cgroup.ts';
import { containersSection, ulimitsSection } from './sections/containers.ts';
import { daemonSettings } from './sections/daemon.ts';
import { eventsSection } from './sections/events.ts';
import { hooksSection } from './sections/hooks.ts';
import { imagesSection } from './sections/images.ts';
import { logSection } from './sections/log.ts';
import { metricsSection } from './sections/metrics.ts';
import { conmonSection, initSection } from './sections/monitor.ts';
import { networkSection } from './sections/network.ts';
import { defaultRuntime, runtimesSection } from './sections/runtimes.ts';
import { streamingSection } from './sections/streaming.ts';
import { tracingSection } from './sections/tracing.ts';

/**
 * The whole configuration: one file a section under sections/. What a person reads about a setting is its
 * description here; the printed configuration and the reference in docs/ both come from it.
 */
export const configSchema = z
  .strictObject({
    ...daemonSettings,
    defaultRuntime,
    log: logSection.prefault({}),
    cgroup: cgroupSection.prefault({}),
    runtimes: runtimesSection,
    conmon: conmonSection.prefault({}),
    init: initSection.prefault({}),
    network: networkSection.prefault({}),
    images: imagesSection.prefault({}),
    containers: containersSection.prefault({}),
    ulimits: ulimitsSection,
    blockio: blockioSection.prefault({}),
    cdi: cdiSection.prefault({}),
    hooks: hooksSection.prefault({}),
    streaming: streamingSection.prefault({}),
    events: eventsSection.prefault({}),
    metrics: metricsSection.prefault({}),
    tracing: tracingSection.prefault({}),
  })
  .refine(({ defaultRuntime: name, runtimes }) => Object.hasOwn(runtimes, name), {
    error: 'must be the name of a table under [runtimes]',
    path: ['defaultRuntime'],
  })
  .refine(({ root, state }) => root !== state, { error: 'must not be the same directory as root', path: ['state'] });

/** The configuration in force: every setting has a value. Keys are those of the file in camelCase. */
export type Config = z.output<typeof configSchema>;
export type RuntimeConfig = Config['runtimes'][string];
