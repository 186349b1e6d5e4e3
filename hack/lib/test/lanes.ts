import { globSync } from 'node:fs';
import { matchesGlob } from 'node:path';

export interface Lane {
  readonly name: string;
  readonly files: readonly string[];
  /** All files in one process. Otherwise each has one of its own, and what it leaves behind is told of it alone. */
  readonly together: boolean;
  /** Only with --all or by name: it takes long, or much of the machine. */
  readonly onRequest: boolean;
}

const lanes: readonly (Omit<Lane, 'files'> & { readonly globs: readonly string[] })[] = [
  {
    name: 'unit',
    globs: ['{src,api,metrics,hack}/**/*.test.ts', 'test/*.test.ts'],
    together: true,
    onRequest: false,
  },
  { name: 'fixtures', globs: ['test/{fixtures,leftovers}/**/*.test.ts'], together: false, onRequest: false },
  { name: 'integration', globs: ['test/integration/**/*.test.ts'], together: false, onRequest: false },
  { name: 'e2e', globs: ['test/e2e/**/*.test.ts'], together: false, onRequest: false },
  { name: 'conformance', globs: ['test/conformance/**/*.test.ts'], together: false, onRequest: false },
  { name: 'long', globs: ['test/long/**/*.test.ts'], together: false, onRequest: true },
  { name: 'kubelet', globs: ['test/kubelet/**/*.test.ts'], together: false, onRequest: true },
  { name: 'vm', globs: ['test/vm/**/*.test.ts'], together: false, onRequest: true },
];

export const laneNames: readonly string[] = lanes.map(({ name }) => name);

export interface Choice {
  readonly all: boolean;
  /** Empty: all that are not on request. */
  readonly lanes: readonly string[];
  /** A glob that paths of test files must match. */
  readonly only: string | undefined;
}

/** The lanes to run, in order, with their files; those without a file are left out. */
export function chooseLanes({ all, lanes: named, only }: Choice, root: string): Lane[] {
  const wanted = lanes.filter(({ name, onRequest }) => (named.length > 0 ? named.includes(name) : all || !onRequest));
  return wanted
    .map(({ globs, ...lane }) => {
      const files = globSync(globs, { cwd: root }).sort();
      return { ...lane, files: files.filter((file) => only === undefined || matchesGlob(file, only)) };
    })
    .filter(({ files }) => files.length > 0);
}
