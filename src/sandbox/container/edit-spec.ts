import { settleEdits, withEdits } from '../oci/cdi/edit.ts';
import { withHooks } from '../oci/hooks/add.ts';
import { hooksFor } from '../oci/hooks/library.ts';
import type { OciSpec } from '../oci/spec/oci.ts';
import type { Parts } from '../parts.ts';
import type { PodConfig } from '../pod/record.ts';
import type { ContainerRecord } from './record.ts';

/** The specification with what the node's administrator adds to it: devices that the container names, and hooks. */
export async function editSpec(
  { cdi, settings }: Pick<Parts, 'cdi' | 'settings'>,
  { config }: ContainerRecord,
  pod: PodConfig,
  spec: OciSpec,
): Promise<OciSpec> {
  const edits = await cdi.resolve(config.cdiDevices);
  const edited = withEdits(spec, await Promise.all(edits.map(settleEdits)));
  const [command = ''] = spec.process.args;
  const annotations = { ...config.annotations, ...pod.annotations };
  const subject = { annotations, command, hasBindMounts: config.mounts.length > 0 };
  const hooks = withHooks(edited.hooks, await hooksFor(subject, settings.hookDirectories));
  return hooks === undefined ? edited : { ...edited, hooks };
}
