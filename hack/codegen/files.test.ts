import { expect } from 'chai';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseContract, readContract, repoRoot } from './contract.ts';
import { differing, generatedFiles, writeDiffering } from './files.ts';
import { protoText } from './proto.ts';

describe('generated files', () => {
  it('are committed as the generator writes them, byte for byte', async () => {
    expect(await differing(await generatedFiles(), repoRoot)).to.deep.equal([]);
  });

  it('are named when they differ or are absent, and mended by writing', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cricket-files-'));
    try {
      const root = pathToFileURL(`${dir}/`);
      await writeFile(join(dir, 'same'), 'a\n');
      await writeFile(join(dir, 'stale'), 'a');
      const files = new Map(['same', 'stale', 'absent'].map((path) => [path, 'a\n']));
      expect(await differing(files, root)).to.deep.equal(['stale', 'absent']);
      expect(await writeDiffering(files, root)).to.deep.equal(['stale', 'absent']);
      expect(await readFile(join(dir, 'absent'), 'utf8')).to.equal('a\n');
      expect(await differing(files, root)).to.deep.equal([]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('the fact table', () => {
  it('is refused when it says something that the generator would drop', () => {
    const table = (field: object) => ({
      proto_package: 'p',
      services: {},
      messages: { M: [{ name: 'f', number: 1, type: 'string', ...field }] },
      enums: {},
    });
    expect(() => parseContract(table({ oneof: 'kind' }))).to.throw('messages.M: unknown key oneof');
    expect(() => parseContract(table({ number: '1' }))).to.throw('messages.M: expected an integer');
    expect(parseContract(table({ secret: true })).messages.get('M')?.[0]?.secret).to.equal(true);
  });

  it('becomes proto3 text with labels, options and nested enums', () => {
    const contract = parseContract({
      proto_package: 'p.v1',
      services: { S: [{ rpc: 'Watch', request: 'M', response: 'M', server_streaming: true }] },
      messages: {
        M: [
          { name: 'old', number: 2, type: 'map<string,string>', deprecated: true, secret: true },
          { name: 'kinds', number: 1, type: 'Kind', repeated: true },
        ],
      },
      enums: { 'M.Kind': { A: 0 }, Top: { B: 0 } },
    });
    const lines = protoText(contract)
      .split('\n')
      .map((line) => line.trim());
    expect(lines).to.include.members([
      'package p.v1;',
      'rpc Watch(M) returns (stream M);',
      'map<string, string> old = 2 [deprecated = true, debug_redact = true];',
      'repeated Kind kinds = 1;',
    ]);
    expect(lines.indexOf('enum Kind {')).to.be.greaterThan(lines.indexOf('message M {'));
    expect(lines.indexOf('enum Top {')).to.be.greaterThan(lines.indexOf('repeated Kind kinds = 1;'));
  });

  it('holds the whole of CRI v1', () => {
    const { services } = readContract();
    expect([...services].map(([name, rpcs]) => [name, rpcs.length])).to.deep.equal([
      ['RuntimeService', 37],
      ['ImageService', 6],
    ]);
  });
});
