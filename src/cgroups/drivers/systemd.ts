/**
 * The systemd driver's spelling of a parent: one slice unit, its ancestors in its name:
 * `kubepods-burstable-pod1.slice` (systemd.slice(5)). The driver itself is still to come.
 */
export function isSliceName(text: string): boolean {
  return text.endsWith('.slice');
}

/** How the cgroupfs driver would spell a slice: `/kubepods/burstable/pod1`. For messages only. */
export function sliceAsPath(text: string): string {
  const leaf = text.slice(text.lastIndexOf('/') + 1, -'.slice'.length);
  return `/${leaf.split('-').join('/')}`;
}
