import { expect } from 'chai';
import { Lines, parseLogEntry } from './cri-log.ts';

const line = '2026-01-31T12:00:00.000000001Z stderr F  two  spaces ';

describe('a CRI log', () => {
  it('is read with every byte of its text', () => {
    const bytes = Buffer.concat([Buffer.from(line), Buffer.from([0xff, 0x00])]);
    expect(parseLogEntry(bytes)).to.deep.equal({
      ...{ time: '2026-01-31T12:00:00.000000001Z', stream: 'stderr', partial: false },
      text: Buffer.concat([Buffer.from(' two  spaces '), Buffer.from([0xff, 0x00])]),
    });
    expect(parseLogEntry(Buffer.from(line.replace(' F ', ' P:more ')))?.partial).to.equal(true);
    expect(parseLogEntry(Buffer.from('2026-01-31T12:00:00Z stdout F '))?.text.length).to.equal(0);
  });

  it('leaves out what a full disk has torn', () => {
    for (const torn of ['', 'x', '2026-01-31T12:00:00Z stdout', '2026-01-31T12:00:00Z tape F x', 'then stdout F x'])
      expect(parseLogEntry(Buffer.from(torn)), torn).to.equal(undefined);
  });

  it('comes in pieces of any size', () => {
    const lines = new Lines();
    const found = ['a\nb', 'c', '\n\n', 'rest'].flatMap((piece) => [...lines.push(Buffer.from(piece))].map(String));
    expect(found).to.deep.equal(['a', 'bc', '']);
  });
});
