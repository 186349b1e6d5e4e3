import { builtInUlimits } from '../../src/server/config/sections/containers.ts';
import { builtInRuntimes } from '../../src/server/config/sections/runtimes.ts';
import { configTree } from '../../src/server/config/tree.ts';
import type { Setting, TableSetting, ValueSetting } from '../../src/server/config/tree.ts';
import { renderTable } from './table.ts';

export const configDocPath = 'docs/configuration.md';

const head = `# Configuration

Written from the schema by \`npm run gen\`: change \`src/server/config/sections/\`, not this file.

\`/etc/cricket/cricket.toml\` is read first, then \`/etc/cricket/conf.d/*.toml\` in the order of their names, then the flags
of \`cricket serve\` (\`--set network.mtu=1400\` sets any key). The later counts: tables are merged, all else is replaced.
Without any file there is a value for everything. \`cricket config\` prints what is in force; a key that does not exist, or
a value that is not allowed, is refused with its file and what would be.

In force after: **reload** is \`systemctl reload cricket\` (SIGHUP); **restart** is \`systemctl restart cricket\`, through
which containers go on running. A reload names in the log the changed keys that wait for a restart. Files that a setting
names (mirrors, credentials, keys, CNI and CDI configurations, hooks) are read when they are needed, without either, but
for those of which "read at the start" is said.`;

const columns = ['key', 'type', 'default', 'in force after', 'effect'];

/** docs/configuration.md: every key of the schema. */
export function configDoc(): string {
  return `${[head, ...section(configTree(), [])].join('\n\n')}\n`;
}

/** A heading, a table of the values that stand in it, then the tables below it. */
function section(table: TableSetting, path: readonly string[]): readonly string[] {
  const fields = [...table.fields].map(([name, { setting }]) => ({ name, setting }));
  const rows = fields.flatMap(({ name, setting }) => (setting.kind === 'value' ? [row(name, setting)] : []));
  const title = path.length === 0 ? '## Outside the tables' : `## \`[${path.join('.')}]\``;
  const own = [title, table.description, rows.length === 0 ? '' : renderTable(columns, rows)];
  const below = fields.flatMap(({ name, setting }) => nested(setting, [...path, name]));
  return [...own.filter((text) => text !== ''), ...below];
}

function nested(setting: Setting, path: readonly string[]): readonly string[] {
  if (setting.kind === 'table') return section(setting, path);
  if (setting.kind === 'value' || setting.entry.kind !== 'table') return [];
  const described = `${setting.description} ${setting.entry.description}${builtIn(path.join('.'))}`;
  return section({ ...setting.entry, description: described }, [...path, 'NAME']);
}

/** Entries that are there without a word of configuration. */
function builtIn(path: string): string {
  const all: Readonly<Record<string, object>> = { runtimes: builtInRuntimes, ulimits: builtInUlimits };
  const entries = Object.entries(all[path] ?? {}).map(([name, value]) => `\`${name}\` = \`${toml(value)}\``);
  return entries.length === 0 ? '' : ` Built in: ${entries.join(', ')}.`;
}

const types: Readonly<Record<ValueSetting['type'], string>> = {
  string: 'text',
  number: 'number',
  boolean: 'true or false',
  list: 'list',
  tables: 'tables',
};

function row(name: string, setting: ValueSetting): readonly string[] {
  const { choices, defaultValue } = setting;
  const type = choices.length === 0 ? types[setting.type] : choices.map((choice) => `\`"${choice}"\``).join(', ');
  const given = defaultValue === undefined ? 'must be given' : `\`${toml(defaultValue)}\``;
  return [`\`${name}\``, type, given, setting.reloads ? 'reload' : 'restart', setting.description];
}

/** A value as the file would have it; short ones only. */
function toml(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${key} = ${toml(inner)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}
