const colours: Readonly<Record<string, string>> = {
  ...{ '0': '', '1': 'bold', '2': 'dim', '7': 'inverse', '31': 'red', '32': 'green', '33': 'yellow' },
};

/** The last thing that was drawn on a terminal, as a page: for a picture of it. */
export function terminalPage(output: string): string {
  const frame = (output.split('\u001b[H').at(-1) ?? '').split('\u001b[J')[0] ?? '';
  const lines = frame.split(/\r+\n/).map((line) => line.replace('\u001b[K', ''));
  return `<!doctype html><meta charset="utf-8"><style>
body{margin:0;background:#11151a;color:#d7dde5;padding:14px 16px}
pre{margin:0;font:13px/1.4 "DejaVu Sans Mono",monospace}
.bold{font-weight:bold}.dim{color:#8b97a5}.inverse{background:#d7dde5;color:#11151a}
.red{color:#ff7b72}.green{color:#4ac26b}.yellow{color:#e3b341}
</style><pre>${lines.map(coloured).join('\n')}</pre>`;
}

function coloured(line: string): string {
  const [first = '', ...rest] = line.split('\u001b[');
  return rest.reduce((text, part) => {
    const end = part.indexOf('m');
    const name = colours[part.slice(0, end)] ?? '';
    const shown = escaped(part.slice(end + 1));
    return text + (name === '' ? shown : `<span class="${name}">${shown}</span>`);
  }, escaped(first));
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
