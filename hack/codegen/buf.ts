import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const { resolve } = createRequire(import.meta.url);
const run = promisify(execFile);

/** ts-proto's options: what compiles under every strict flag of tsconfig.json. */
const tsProtoOptions = [
  'forceLong=bigint',
  'outputServices=grpc-js',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'outputClientImpl=false',
  'esModuleInterop=true',
  'env=node',
  'importSuffix=.ts',
  'useExactTypes=false',
  'oneof=unions-value',
  'enumsAsLiterals=true',
  'useReadonlyTypes=true',
];

/** The TypeScript that ts-proto writes for a .proto text. */
export function typeScriptOf(proto: string): Promise<string> {
  const plugin = {
    local: [process.execPath, resolve('ts-proto/protoc-gen-ts_proto')],
    out: '.',
    opt: tsProtoOptions,
  };
  const template = JSON.stringify({ version: 'v2', plugins: [plugin] });
  return withProto(proto, async (dir) => {
    await buf(dir, ['generate', '--template', template]);
    return readFile(join(dir, 'api.ts'), 'utf8');
  });
}

/** The binary google.protobuf.FileDescriptorSet that buf compiles from a .proto text. */
export function descriptorSetOf(proto: string): Promise<Uint8Array> {
  return withProto(proto, async (dir) => {
    await buf(dir, ['build', '-o', 'api.binpb']);
    return readFile(join(dir, 'api.binpb'));
  });
}

/** Works in a directory of its own: buf would take every .proto below the current one, node_modules included. */
async function withProto<T>(proto: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'cricket-codegen-'));
  try {
    await writeFile(join(dir, 'api.proto'), proto);
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** buf's npm launcher finds the platform package by itself, without its install script; our node runs it, not PATH's. */
async function buf(cwd: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, BUF_CACHE_DIR: join(cwd, 'cache') };
  await run(process.execPath, [resolve('@bufbuild/buf/bin/buf'), ...args], { cwd, env });
}
