import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const metricsFolder = join(import.meta.dirname, '../../../metrics');

export interface Expression {
  /** File and panel, for messages. */
  readonly where: string;
  readonly text: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets?: readonly { readonly expr: string }[];
}
export interface Dashboard {
  readonly file: string;
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
}

export const dashboards = (): readonly Dashboard[] =>
  globSync('dashboards/*.json', { cwd: metricsFolder }).map((file) => ({
    file,
    ...(JSON.parse(readFileSync(join(metricsFolder, file), 'utf8')) as Omit<Dashboard, 'file'>),
  }));

/** What the panels ask, with values for the variables. */
export function panelExpressions(variables: Readonly<Record<string, string>>): readonly Expression[] {
  return dashboards().flatMap(({ file, panels }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({
        where: `${file}: ${title}`,
        text: expr.replace(/\$(\w+)/g, (whole, name: string) => variables[name] ?? whole),
      })),
    ),
  );
}

/** Names of the alerts or recording rules of a file, with what they ask. */
export function ruleExpressions(file: string): readonly (Expression & { readonly name: string })[] {
  const text = readFileSync(join(metricsFolder, 'alerts', file), 'utf8');
  return text
    .split(/\n {6}- (?:alert|record): /)
    .slice(1)
    .map((rule) => {
      const [name = ''] = rule.split('\n');
      const inline = /\n {8}expr: (?!\|)(.*)/.exec(rule)?.[1];
      const block = /\n {8}expr: \|\n((?: {10}.*\n?)+)/.exec(rule)?.[1];
      return { name, where: `${file}: ${name}`, text: inline ?? block ?? '' };
    });
}

const words = new Set(['by', 'without', 'on', 'ignoring', 'offset', 'unless', 'or', 'and', 'bool', 'group_left']);

/** Names of series in an expression: what is left without strings, matchers, ranges, groupings and functions. */
export function namesIn({ text }: Expression): readonly string[] {
  const bare = text
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '')
    .replace(/\boffset\s+\w+/g, '');
  const names = bare.match(/[a-zA-Z_:][\w:]*(?!\w|\s*\()/g) ?? [];
  return names.filter((name) => !words.has(name));
}
