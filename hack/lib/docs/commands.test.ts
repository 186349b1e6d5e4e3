import { expect } from 'chai';
import { blocksFor, commandBlocks } from './commands.ts';

const text = `# Guide

<!-- run: vm -->

\`\`\`sh
apt-get install cricket   # once
cricket check
\`\`\`

- In a list:
  <!-- not run: needs a cluster -->
  \`\`\`sh
  kubectl drain node
  \`\`\`

\`\`\`\`toml
\`\`\`sh
is = "no command"
\`\`\`
\`\`\`\`
`;

describe('commands of documents', () => {
  it('are told with their lines, without what indents them, and with their marks', () => {
    expect(commandBlocks(text, 'guide.md')).to.deep.equal([
      { line: 6, text: 'apt-get install cricket   # once\ncricket check', mark: { kind: 'run', place: 'vm' } },
      { line: 13, text: 'kubectl drain node', mark: { kind: 'not run', reason: 'needs a cluster' } },
    ]);
  });

  it('belong to the place they name', () => {
    const blocks = commandBlocks(text, 'guide.md');
    expect(blocksFor('vm', blocks).map(({ line }) => line)).to.deep.equal([6]);
    expect(blocksFor('host', blocks)).to.deep.equal([]);
  });

  it('are refused without a mark, and without an end', () => {
    expect(() => commandBlocks('x\n\n```sh\nls\n```\n', 'a.md')).to.throw('a.md:3: put "<!-- run: PLACE -->"');
    expect(() => commandBlocks('<!-- run: vm -->\n```sh\nls\n', 'a.md')).to.throw('a.md:2: the block has no end');
  });
});
