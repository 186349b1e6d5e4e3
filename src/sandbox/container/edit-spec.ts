import { settleEdits, withEdits } from '../oci/cdi/edit.ts';
import { resolveCdiDevices } from '../oci/cdi/library.ts';
import type { OciSpec } from '../oci/spec/oci.ts';
import type { Parts } from '../parts.ts';
import type { ContainerRecord } from './record.ts';

/** The specification with what the node's administrator adds to it: the devices that the container names. */
export async function editSpec(
  { settings }: Pick<Parts, 'settings'>,
  { config }: ContainerRecord,
  spec: OciSpec,
): Promise<OciSpec> {
  const edits = await resolveCdiDevices(config.cdiDevices, settings.cdiDirectories);
  return withEdits(spec, await Promise.all(edits.map(settleEdits)));
}
