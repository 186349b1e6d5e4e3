import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorFrom, fail } from '../../base/errors.ts';
import { traced } from '../../base/trace.ts';
import type { LayerLimits, LayerUsage } from '../layers/layer-writer.ts';
import { Meter } from '../layers/meter.ts';
import { unpackInPool } from '../layers/pool.ts';
import type { LayerPool } from '../layers/pool.ts';
import type { Digest } from '../reference/digest.ts';
import { downloadBlob } from '../registry/fetch.ts';
import type { Descriptor } from '../registry/manifest.ts';
import type { RegistrySession } from '../registry/session.ts';
import type { Slots } from '../slots.ts';
import type { PullTracker } from './progress.ts';

export interface LayerDeps {
  readonly pool: LayerPool;
  readonly downloads: Slots;
  /** Layers that may be unpacked while they come: fewer than Workers, so that what is whole finds one. */
  readonly streams: Slots;
  /** A directory for blobs on their way. */
  readonly ingest: string;
  readonly limits: LayerLimits;
}

/** `target` is an empty directory, `index` the layer's number in its manifest. */
export interface LayerOrder {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly target: string;
  readonly index: number;
}

/** What is fetched for whom. */
export interface LayerFetch {
  readonly session: RegistrySession;
  readonly deps: LayerDeps;
  readonly order: LayerOrder;
  readonly tracker: PullTracker;
}

const never = new AbortController().signal;

/**
 * Downloads a layer and unpacks it, at the same time where a Worker is free. Only when size, digest and diffID are
 * what they should be is it of any use. Errors: the registry's, the layer's, the signal's.
 */
export async function fetchLayer(fetch: LayerFetch, signal: AbortSignal): Promise<LayerUsage> {
  const { descriptor, diffId } = fetch.order;
  if (descriptor.mediaType.includes('encrypted'))
    throw fail('unimplemented', `layer ${descriptor.digest} is encrypted`);
  const file = join(fetch.deps.ingest, `${hexOf(diffId)}-${hexOf(descriptor.digest).slice(0, 16)}`);
  try {
    const usage = await downloadAndUnpack(fetch, file, signal);
    await rm(file);
    return usage;
  } catch (error) {
    if (!(await worthKeeping(file, error))) await rm(file, { force: true });
    throw error;
  }
}

/** Downloads a blob and puts it into the directory as it is, under a name. Errors: the registry's, the signal's. */
export async function fetchFile(fetch: LayerFetch, name: string, signal: AbortSignal): Promise<LayerUsage> {
  const { deps, order, tracker } = fetch;
  const file = join(deps.ingest, `${hexOf(order.diffId)}-${hexOf(order.descriptor.digest).slice(0, 16)}`);
  try {
    using _slot = await deps.downloads.take(signal);
    tracker.enter(order.index, 'downloading');
    await download(fetch, file, new Meter(), signal);
    return await deps.pool.call('placeFile', { file, target: order.target, name }, never);
  } catch (error) {
    if (!(await worthKeeping(file, error))) await rm(file, { force: true });
    throw error;
  }
}

/** What was unpacked of bytes that turned out to be wrong is thrown away, and done again with the right ones. */
async function downloadAndUnpack(fetch: LayerFetch, file: string, signal: AbortSignal): Promise<LayerUsage> {
  const { deps, order, tracker } = fetch;
  const { target, diffId, descriptor } = order;
  const meter = new Meter();
  const unpack = (from: Meter) => {
    const source = { file, offset: 0, size: descriptor.size };
    const unpackOrder = { source, target, diffId, limits: deps.limits };
    return traced('image.unpack', () => unpackInPool(deps.pool, unpackOrder, from, signal));
  };
  using held = new DisposableStack();
  let early: Promise<LayerUsage> | undefined;
  {
    using _slot = await deps.downloads.take(signal);
    tracker.enter(order.index, 'downloading');
    const stream = deps.streams.tryTake();
    if (stream !== undefined) {
      held.use(stream);
      early = unpack(meter);
      early.catch(() => undefined);
    }
    await download(fetch, file, meter, signal).catch(async (error: unknown) => {
      meter.end();
      await early?.catch(() => undefined);
      throw error;
    });
  }
  tracker.enter(order.index, 'unpacking');
  if (early === undefined) return await unpack(new Meter(descriptor.size));
  if (!meter.ended) return await early;
  await early.catch(() => undefined);
  await deps.pool.call('emptyDirectory', target, never);
  return await unpack(new Meter(descriptor.size));
}

function download(
  { session, order, tracker }: LayerFetch,
  path: string,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  const watch = {
    grown: (total: number) => {
      meter.grow(total);
      tracker.at(order.index, total);
    },
    received: (bytes: number) => tracker.received(bytes),
    restarted: () => meter.end(),
  };
  const { digest, size } = order.descriptor;
  const facts = { 'cricket.digest': digest, 'cricket.bytes': size };
  return traced('image.download', () => downloadBlob(session, order.descriptor, { path, watch }, signal), facts);
}

const hexOf = (digest: Digest) => digest.slice(digest.indexOf(':') + 1);

/** Bytes of a blob that are kept for the next attempt, if nothing was wrong with them. */
const leastKept = 1 << 20;

async function worthKeeping(file: string, thrown: unknown): Promise<boolean> {
  const { code } = errorFrom(thrown);
  if (code !== 'unavailable' && code !== 'cancelled' && code !== 'deadline_exceeded') return false;
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && found.size >= leastKept;
}

/** Ends the keeping of blobs that nobody came back for within a day. */
export async function dropOldBlobs(ingest: string): Promise<void> {
  for (const name of await readdir(ingest)) {
    const file = join(ingest, name);
    const found = await stat(file);
    if (!blobName.test(name) || Date.now() - found.mtimeMs > keptForMs)
      await rm(file, { recursive: true, force: true });
  }
}

const blobName = /^[0-9a-f]+-[0-9a-f]{16}$/;
const keptForMs = 24 * 3600 * 1000;
