/**
 * debian.ts FOLDER VERSION : writes changelog and copyright.
 * debian.ts --control VERSION ARCH KIB PACKAGE... : prints the control file; PACKAGEs are what the service runs with.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const {
  DEBFULLNAME = 'Cricket maintainers',
  DEBEMAIL = 'cricket@localhost.localdomain',
  SOURCE_DATE_EPOCH = '0',
} = process.env;
const maintainer = `${DEBFULLNAME} <${DEBEMAIL}>`;

/** What Node's binary is linked with, and what makes a package at all; versions are those that the tests have seen. */
const atLeast: Readonly<Record<string, string>> = { crun: '1.8', conmon: '2.1' };
const always = ['libc6 (>= 2.28)', 'libstdc++6', 'libgcc-s1', 'init-system-helpers (>= 1.51)'];
/** A pod that shares its PID namespace wants an init; all else runs without. */
const recommended = ['catatonit', 'apparmor'];

function control([version, arch, kib, ...packages]: readonly string[]): string {
  const needed = packages.filter((name) => !recommended.includes(name) && name !== 'util-linux');
  const depends = [
    ...always,
    ...needed.map((name) => (atLeast[name] === undefined ? name : `${name} (>= ${atLeast[name]})`)),
  ];
  return `Package: cricket
Version: ${version ?? ''}
Architecture: ${arch ?? ''}
Maintainer: ${maintainer}
Installed-Size: ${kib ?? ''}
Depends: ${depends.join(', ')}
Recommends: ${recommended.join(', ')}
Suggests: containernetworking-plugins, runc
Section: admin
Priority: optional
Description: container runtime service for Kubernetes
 One daemon that speaks all of CRI v1 to the kubelet and crictl over a unix
 socket. Containers are run by crun or runc and watched by conmon; images,
 mounts, namespaces, statistics and a pod network that needs no configuration
 are its own work.
 .
 Containers, their logs and their exit codes outlive the daemon: it can be
 restarted and upgraded while they run. It brings a Node of its own.
`;
}

function changelog(version: string): string {
  const date = new Date(Number(SOURCE_DATE_EPOCH) * 1000).toUTCString().replace('GMT', '+0000');
  return `cricket (${version}) unstable; urgency=medium\n\n  * See docs/ for what this version does.\n\n -- ${maintainer}  ${date}\n`;
}

/** Our own licence, and what npm packages say of theirs. */
function copyright(packages: string): string {
  const paragraphs = globSync('**/package.json', { cwd: packages, exclude: (name) => name === 'dist' })
    .sort()
    .flatMap((file) => {
      const { name, license } = JSON.parse(readFileSync(join(packages, file), 'utf8')) as Record<string, unknown>;
      if (typeof name !== 'string' || typeof license !== 'string') return [];
      const folder = `usr/lib/cricket/packaged/node_modules/${dirname(file)}`;
      return [
        `Files: ${folder}/*\nCopyright: 2026 the authors of ${name}\nLicense: ${license}\n See the package's own files.`,
      ];
    });
  const head = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: cricket';
  const own =
    'Files: *\nCopyright: 2026 the authors of Cricket\nLicense: Apache-2.0\n On Debian systems, see /usr/share/common-licenses/Apache-2.0.';
  const node =
    'Files: usr/lib/cricket/packaged/bin/node\nCopyright: 2026 Node.js contributors\nLicense: MIT\n See bin/LICENSE.node beside it.';
  return `${[head, own, node, ...paragraphs].join('\n\n')}\n`;
}

const [first = '', ...rest] = process.argv.slice(2);
if (first === '--control') {
  process.stdout.write(control(rest));
} else {
  writeFileSync(join(first, 'changelog'), changelog(rest[0] ?? ''));
  writeFileSync(join(first, 'copyright'), copyright(join(first, '../../../lib/cricket/packaged/node_modules')));
}
