import { expect } from 'chai';
import fc from 'fast-check';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import { CricketError } from '../../../base/errors.ts';
import { dictionary } from './dictionary.ts';
import { dataHeader, emptySettings, finFlag, goAway, ping, rstStream, synReply } from './frames.ts';
import { HeaderBlocks, noHeaders } from './header-block.ts';
import { FrameParser } from './parser.ts';

/** What a parser was told, data of one frame joined. */
function listening() {
  const heard: string[] = [];
  const data = new Map<number, string>();
  const parser = new FrameParser({
    stream: (id, headers, fin) => void heard.push(`stream ${id} ${JSON.stringify([...headers])} ${fin}`),
    data: (id, bytes, fin) => {
      data.set(id, (data.get(id) ?? '') + bytes.toString('latin1'));
      if (fin) heard.push(`end ${id}`);
    },
    reset: (id) => void heard.push(`reset ${id}`),
    ping: (id) => void heard.push(`ping ${id}`),
    goAway: () => void heard.push('away'),
  });
  return { parser, heard, data };
}

/** As a Go client writes them: one zlib stream, flushed behind each block. */
function blocks(...all: readonly Readonly<Record<string, string>>[]): Buffer[] {
  let before = dictionary;
  return all.map((headers, i) => {
    const word = (n: number) => Buffer.from([0, 0, n >> 8, n & 255]);
    const text = (value: string) => Buffer.concat([word(value.length), Buffer.from(value)]);
    const entries = Object.entries(headers);
    const plain = Buffer.concat([word(entries.length), ...entries.flatMap((pair) => pair.map(text))]);
    const deflate = i === 0 ? deflateSync : deflateRawSync;
    const block = deflate(plain, { dictionary: before, finishFlush: constants.Z_SYNC_FLUSH, level: 9 });
    before = Buffer.concat([before, plain]).subarray(-32_768);
    return block;
  });
}

const syn = (id: number, block: Buffer, flags = 0) =>
  Buffer.concat([Buffer.from([0x80, 3, 0, 1, flags, 0, 0, block.length + 10, 0, 0, 0, id, 0, 0, 0, 0, 0, 0]), block]);

const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = blocks(
  { streamtype: 'error', port: '8080', requestid: '0' },
  { streamtype: 'data', port: '8080', requestid: '0' },
);
const session = Buffer.concat([
  ...[syn(1, one, finFlag), syn(3, two), dataHeader(3, 5, 0), Buffer.from('hello'), ping(1), emptySettings()],
  ...[dataHeader(3, 6, finFlag), Buffer.from(' world'), dataHeader(1, 0, finFlag), rstStream(3, 5), goAway(3)],
]);
const expected = [
  'stream 1 [["streamtype","error"],["port","8080"],["requestid","0"]] true',
  'stream 3 [["streamtype","data"],["port","8080"],["requestid","0"]] false',
  ...['ping 1', 'end 3', 'end 1', 'reset 3', 'away'],
];

describe('frames of SPDY/3.1', () => {
  it('are the same however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (cuts) => {
        const { parser, heard, data } = listening();
        let at = 0;
        for (const cut of cuts) parser.feed(session.subarray(at, (at += cut)));
        parser.feed(session.subarray(at));
        expect(heard).to.deep.equal(expected);
        expect(data.get(3)).to.equal('hello world');
      }),
      { numRuns: 200 },
    );
  });

  it('that are none are refused, and never thrown at the wrong one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: session.length }), (bytes, at) => {
        const { parser } = listening();
        try {
          parser.feed(session.subarray(0, at));
          parser.feed(Buffer.from(bytes));
        } catch (error) {
          if (!(error instanceof CricketError) || error.code !== 'invalid_argument') throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('speak with the dictionary of the specification', () => {
    expect(dictionary).to.have.length(1423);
    expect(deflateSync('', { dictionary }).readUInt32BE(2)).to.equal(0xe3c6a7c2);
  });

  it('answer with header blocks that are a stream of their own', () => {
    const reader = new HeaderBlocks();
    for (const first of [true, false, false]) expect([...reader.read(noHeaders(first))]).to.deep.equal([]);
    expect(synReply(7, true).readUInt32BE(8)).to.equal(7);
  });

  it('may repeat what was said 32 KiB before', () => {
    const long = { a: 'x'.repeat(9_000) };
    const reader = new HeaderBlocks();
    for (const block of blocks(long, long, long, long, { b: 'y' }, long)) reader.read(block);
  });

  it('are refused with headers beyond what a stream needs', () => {
    const [bomb = Buffer.alloc(0)] = blocks({ a: 'x'.repeat(20_000) });
    expect(() => new HeaderBlocks().read(bomb)).to.throw('cannot be inflated to at most 16384 bytes');
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`h${i}`, '']));
    expect(() => new HeaderBlocks().read(blocks(many)[0] ?? bomb)).to.throw('has 65 headers');
  });
});
