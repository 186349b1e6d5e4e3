/**
 * demo-image.ts OUT.tar : writes the image of hack/up's demo pod as an OCI archive, out of Debian's busybox-static alone,
 * so that it needs no network. Same busybox, same bytes.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ociArchive } from './oci/archive.ts';
import { buildImage, packLayer, type BuiltImage } from './oci/image.ts';
import type { TarEntry } from './oci/tar.ts';

export const demoReference = 'docker.io/cricket/demo:latest';

/** Says the time every second, and ends at once on SIGTERM: a shell that is PID 1 ignores it otherwise. */
const command = `trap 'echo "demo: asked to stop"; exit 0' TERM
echo "demo: this is $(hostname), $(busybox | head -n1)"
n=0
while :; do
  n=$((n + 1))
  echo "demo: tick $n at $(date +%H:%M:%S)"
  sleep 1 & wait $!
done`;

/** Builds the image from a static busybox. Throws when there is none, with the package that has it. */
export function demoImage(busybox = '/bin/busybox'): BuiltImage {
  const layer = packLayer(rootfs(readFileSync(busybox), applets(busybox)));
  return buildImage({
    layers: [layer],
    format: 'oci',
    config: {
      Cmd: ['/bin/sh', '-c', command],
      WorkingDir: '/',
      Labels: { 'org.opencontainers.image.title': 'Cricket demo' },
    },
  });
}

function applets(busybox: string): string[] {
  const names = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n');
  return names.filter((name) => name !== '' && name !== 'busybox').sort();
}

function rootfs(busybox: Buffer, names: readonly string[]): TarEntry[] {
  const folders = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'usr', 'usr/bin', 'var', 'var/log'];
  return [
    ...folders.map((path): TarEntry => ({ kind: 'dir', path })),
    { kind: 'dir', path: 'tmp', mode: 0o1777 },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, data: busybox },
    ...names.map((name): TarEntry => ({ kind: 'symlink', path: `bin/${name}`, target: 'busybox' })),
    {
      kind: 'file',
      path: 'etc/passwd',
      data: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    },
    { kind: 'file', path: 'etc/group', data: 'root:x:0:\nnogroup:x:65534:\n' },
  ];
}

if (import.meta.main) {
  const out = process.argv[2];
  if (out === undefined) {
    console.error('usage: demo-image.ts OUT.tar');
    process.exit(2);
  }
  writeFileSync(`${out}.new`, ociArchive(demoImage(), demoReference));
  renameSync(`${out}.new`, out);
}
