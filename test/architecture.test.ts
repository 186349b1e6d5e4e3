import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cycles } from './architecture/cycles.ts';
import { generated, isTest, parseSource, readSources, roomOf, rooms } from './architecture/sources.ts';
import type { Source } from './architecture/sources.ts';

const root = join(import.meta.dirname, '..');
const sources = readSources(root, ['api', 'src', 'metrics', 'hack', 'test']);
/** What runs on a user's machine. */
const product = sources.filter(({ path }) => !/^(hack|test)\//.test(path));
const shipped = product.filter(({ path }) => !isTest(path));

/** Packages that only some files may import. `types`: these may import nothing but types of it. */
const guarded: readonly { name: RegExp; where: RegExp; types?: RegExp }[] = [
  { name: /^koffi$/, where: /^src\/linux\// },
  { name: /^(node:)?child_process$/, where: /^src\/linux\// },
  { name: /^@grpc\/grpc-js$/, where: /^src\/server\//, types: /^api\/cri\/v1\/api\.ts$/ },
  { name: /^prom-client$/, where: /^metrics\// },
  { name: /^@opentelemetry\/(?!api$)/, where: /^src\/server\/telemetry\.ts$/ },
];

describe('architecture', () => {
  it('has every file of src, api and metrics in a room', () => {
    expect(product.filter(({ path }) => roomOf(path) === undefined).map(({ path }) => path)).to.deep.equal([]);
  });

  it('imports only what exists, by its full name, and only from rooms before its own', () => {
    expect(shipped.flatMap(outOfOrder)).to.deep.equal([]);
  });

  it('keeps guarded packages where they belong', () => {
    expect(shipped.flatMap(unguarded)).to.deep.equal([]);
  });

  it('imports no package that a production install leaves out', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
    const there = new Set(Object.keys(manifest.dependencies));
    const missing = shipped.flatMap(({ path, imports }) =>
      imports
        .filter(({ file, specifier }) => file === undefined && !specifier.startsWith('node:'))
        .filter(({ specifier, typeOnly }) => !typeOnly && !there.has(packageOf(specifier)))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it('reads the environment and the arguments in main.ts only', () => {
    const reading = shipped.filter(({ path }) => path !== 'src/server/main.ts');
    expect(reading.flatMap(({ path, processReads }) => processReads.map((use) => `${path}: ${use}`))).to.deep.equal([]);
  });

  it('has no default exports, barrels or enums', () => {
    const own = sources.filter(({ path }) => !generated.has(path));
    expect(own.flatMap(({ path, unwanted }) => unwanted.map((what) => `${path}: ${what}`))).to.deep.equal([]);
  });

  it('has no files that import each other in a circle', () => {
    expect(cycles(sources)).to.deep.equal([]);
  });

  it('keeps files short: none over 250 lines, a tenth over 180, half over 80', () => {
    const own = sources.filter(({ path }) => !generated.has(path)).sort((a, b) => a.lines - b.lines);
    const long = own.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).to.deep.equal([]);
    expect(own[Math.floor(own.length * 0.9)]?.lines, '90th percentile of lines').to.be.at.most(180);
    expect(own[Math.floor(own.length / 2)]?.lines, 'median of lines').to.be.at.most(80);
  });

  it('has a README of at most ten lines in every room', () => {
    const readmes = [...rooms, 'hack', 'test'].map((room) => ({ room, path: join(root, room, 'README.md') }));
    expect(
      readmes.filter(({ path }) => !existsSync(path)).map(({ room }) => room),
      'without README',
    ).to.deep.equal([]);
    const lines = ({ path }: { path: string }) => readFileSync(path, 'utf8').trimEnd().split('\n').length;
    expect(
      readmes.filter((readme) => lines(readme) > 10).map(({ room }) => room),
      'too long',
    ).to.deep.equal([]);
  });

  it('has one file for each RPC', () => {
    const table = JSON.parse(readFileSync(join(root, 'test/fixtures/cri-v1.json'), 'utf8')) as RpcTable;
    const folders = { RuntimeService: 'runtime', ImageService: 'image' };
    const wanted = (['RuntimeService', 'ImageService'] as const).flatMap((service) =>
      table.services[service].map(({ rpc }) => `src/server/${folders[service]}/${kebab(rpc)}.ts`),
    );
    expect(wanted).to.have.length(43);
    expect(wanted.filter((path) => !existsSync(join(root, path)))).to.deep.equal([]);
  });
});

describe('architecture: what it would see', () => {
  const seen = (text: string, path = 'src/base/x.ts') => parseSource(path, text);

  it('a room that imports upwards, a missing extension, a file that is not there', () => {
    expect(outOfOrder(seen(`import { a } from '../linux/mount.ts';`))).to.have.length(1);
    expect(outOfOrder(seen(`const a = await import('../server/daemon.ts');`))).to.have.length(1);
    expect(outOfOrder(seen(`type A = import('../../test/x.ts').A;`))).to.have.length(1);
    expect(outOfOrder(seen(`export { a } from './errors';`))).to.have.length(1);
    expect(outOfOrder(seen(`// import '../linux/mount.ts';\nimport { fail } from './errors.ts';`))).to.deep.equal([]);
  });

  it('a guarded package, and types of it where values are not allowed', () => {
    expect(unguarded(seen(`import koffi from 'koffi';`))).to.have.length(1);
    expect(unguarded(seen(`import koffi from 'koffi';`, 'src/linux/x.ts'))).to.have.length(0);
    expect(unguarded(seen(`import { Server } from '@grpc/grpc-js';`, 'api/cri/v1/api.ts'))).to.have.length(1);
    expect(unguarded(seen(`import type { Server } from '@grpc/grpc-js';`, 'api/cri/v1/api.ts'))).to.have.length(0);
  });

  it('enums, default exports, barrels, process.env', () => {
    const text = `enum A { B }\nexport default 1;\nexport * from './errors.ts';\nexport default function f() {}`;
    expect(seen(text).unwanted).to.have.length(4);
    expect(seen('process.env.A; process.argv[2]; process.pid').processReads).to.have.length(2);
  });

  it('a circle of three files', () => {
    const circle = ['a', 'b', 'c'].map((name, i) => seen(`import './${'bca'[i] ?? ''}.ts';`, `src/base/${name}.ts`));
    expect(cycles(circle)).to.deep.equal(['src/base/a.ts > src/base/b.ts > src/base/c.ts > src/base/a.ts']);
  });
});

interface RpcTable {
  readonly services: Record<'RuntimeService' | 'ImageService', readonly { readonly rpc: string }[]>;
}

const packageOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
const kebab = (name: string) => name.replace(/(?<=.)([A-Z])/g, '-$1').toLowerCase();

function outOfOrder({ path, imports }: Source): string[] {
  const own = rank(path);
  return imports.flatMap(({ specifier, file }) => {
    if (file === undefined) return [];
    if (!existsSync(join(root, file)) || !file.endsWith('.ts')) return [`${path}: no file ${specifier}`];
    const theirs = rank(file);
    return theirs < 0 || theirs > own ? [`${path} imports ${file}`] : [];
  });
}

function rank(path: string): number {
  const room = roomOf(path);
  return room === undefined ? -1 : rooms.indexOf(room);
}

function unguarded({ path, imports }: Source): string[] {
  return imports.flatMap(({ specifier, typeOnly }) => {
    const guard = guarded.find(({ name }) => name.test(specifier));
    if (guard === undefined || guard.where.test(path) || (typeOnly && guard.types?.test(path) === true)) return [];
    return [`${path} imports ${specifier}`];
  });
}
