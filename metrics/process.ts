import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { readdirSync, statSync } from 'node:fs';
import { LoopDelay } from './loop-delay.ts';

/** The daemon itself, under the names every Prometheus dashboard knows. Read when scraped. */
export function processSeries(registry: Registry) {
  const registers = [registry];
  const loop = new LoopDelay();
  return {
    startTime: new Gauge({
      name: 'process_start_time_seconds',
      help: 'Start of the process since the epoch.',
      registers,
      collect() {
        this.set(Math.round(performance.timeOrigin) / 1000);
      },
    }),
    cpu: new Counter({
      name: 'process_cpu_seconds_total',
      help: 'User and system CPU time spent.',
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    }),
    resident: new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    }),
    heap: new Gauge({
      name: 'cricket_heap_bytes',
      help: 'Memory of the JavaScript heap, used and reserved, and of what it holds outside of it.',
      labelNames: ['kind'] as const,
      registers,
      collect() {
        const { heapUsed, heapTotal, external } = process.memoryUsage();
        this.set({ kind: 'used' }, heapUsed);
        this.set({ kind: 'reserved' }, heapTotal);
        this.set({ kind: 'external' }, external);
      },
    }),
    openFiles: new Gauge({
      name: 'process_open_fds',
      help: 'Open file descriptors.',
      registers,
      collect() {
        this.set(openFiles());
      },
    }),
    loopDelay: new Gauge({
      name: 'cricket_event_loop_delay_seconds',
      help: 'Longest time the event loop was held up since the last scrape; 0 at the first.',
      registers,
      collect() {
        this.set(loop.longest());
      },
    }),
  };
}

/** Linux 6.2 tells the number as the size of the directory; before, it has to be listed. */
function openFiles(): number {
  const { size } = statSync('/proc/self/fd');
  return size > 0 ? size : readdirSync('/proc/self/fd').length;
}
