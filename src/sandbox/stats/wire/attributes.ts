import { MessageWriter } from '../../../base/message-writer.ts';
import type { ContainerRecord } from '../../container/record.ts';
import type { PodRecord } from '../../pod/record.ts';

/** CRI's ContainerAttributes. */
export function containerAttributes({ id, config }: ContainerRecord): Uint8Array {
  const out = new MessageWriter();
  out.text(1, id);
  const metadata = out.open(2);
  out.text(1, config.name);
  out.number(2, config.attempt);
  out.close(metadata);
  out.map(3, config.labels);
  out.map(4, config.annotations);
  return out.take();
}

/** CRI's PodSandboxAttributes. */
export function podAttributes({ id, config }: PodRecord): Uint8Array {
  const out = new MessageWriter();
  out.text(1, id);
  const metadata = out.open(2);
  out.text(1, config.name);
  out.text(2, config.uid);
  out.text(3, config.namespace);
  out.number(4, config.attempt);
  out.close(metadata);
  out.map(3, config.labels);
  out.map(4, config.annotations);
  return out.take();
}
