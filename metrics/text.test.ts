import { expect } from 'chai';
import { ByteWriter } from './byte-writer.ts';
import { labelled, plain, rowsOf } from './family.ts';
import type { Family } from './family.ts';
import { formatFor, labelPrefix, writeFamilies } from './text.ts';
import type { TextFormat } from './text.ts';

interface Subject {
  readonly value: number | undefined;
  readonly devices: readonly string[];
}

const counter = { name: 'x_bytes_total', help: 'Back\\slash\nand line.', type: 'counter' } as const;
const families: readonly Family<Subject>[] = [
  plain(counter, ({ value }) => value),
  plain({ name: 'x_failcnt', help: 'No total.', type: 'counter' }, ({ value }) => value),
  labelled({ name: 'x_disk', help: 'Disks.', type: 'gauge' }, ['device'], ({ devices }) =>
    devices.map((device) => ({ labels: [device], value: 0.5 })),
  ),
];

function written(subjects: readonly Subject[], format: TextFormat): string {
  const out = new ByteWriter(0);
  const labelled_ = subjects.map((subject, i) => ({ prefix: labelPrefix([['pod', `p"${i}`]]), subject }));
  writeFamilies(out, families, labelled_, format);
  return Buffer.from(out.take()).toString('utf8');
}

describe('the text of series', () => {
  const one = { value: 3, devices: ['/dev/"a"', 'ü\\'] };

  it('has headings, escaped labels and help, one line a row', () => {
    expect(written([one, { value: undefined, devices: [] }], 'prometheus').split('\n')).to.deep.equal([
      ...['# HELP x_bytes_total Back\\\\slash\\nand line.', '# TYPE x_bytes_total counter'],
      'x_bytes_total{pod="p\\"0"} 3',
      ...['# HELP x_failcnt No total.', '# TYPE x_failcnt counter', 'x_failcnt{pod="p\\"0"} 3'],
      ...['# HELP x_disk Disks.', '# TYPE x_disk gauge'],
      ...['x_disk{pod="p\\"0",device="/dev/\\"a\\""} 0.5', 'x_disk{pod="p\\"0",device="ü\\\\"} 0.5', ''],
    ]);
  });

  it('names a counter of OpenMetrics without its total, and leaves the type of one without total open', () => {
    const types = written([one], 'openmetrics').match(/^# TYPE.*$/gm);
    expect(types).to.deep.equal(['# TYPE x_bytes counter', '# TYPE x_failcnt unknown', '# TYPE x_disk gauge']);
    expect(written([one], 'openmetrics')).to.contain('x_bytes_total{pod="p\\"0"} 3\n');
  });

  it('leaves out families without a row', () => {
    expect(written([{ value: undefined, devices: [] }], 'prometheus')).to.equal('');
  });

  it('gives rows of either kind of family', () => {
    expect(families.map((family) => rowsOf(family, one).length)).to.deep.equal([1, 1, 2]);
    expect(rowsOf(families[0] as Family<Subject>, { value: undefined, devices: [] })).to.deep.equal([]);
  });
});

describe('the format that a scraper asks for', () => {
  const cases: readonly (readonly [string | undefined, TextFormat])[] = [
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/plain', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    // What Prometheus 2.42 sends.
    ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
    ['application/openmetrics-text;q=0.2, text/plain;q=0.9', 'prometheus'],
    ['application/openmetrics-text;q=0, */*;q=0.1', 'prometheus'],
    ['application/json', 'prometheus'],
  ];
  for (const [accept, format] of cases)
    it(`${accept ?? 'nothing'}: ${format}`, () => expect(formatFor(accept)).to.equal(format));
});
