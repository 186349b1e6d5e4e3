import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** The rooms, lowest first: each may import itself and those before it. */
export const rooms = [
  'api/cri',
  'src/base',
  'metrics',
  'src/linux',
  'src/cgroups',
  'src/image',
  'src/sandbox',
  'src/server',
] as const;

/** Written by hack/codegen, not by a person. */
export const generated: ReadonlySet<string> = new Set(['api/cri/v1/api.ts', 'api/cri/v1/secrets.ts']);

export interface Import {
  /** As written: `./a.ts`, `koffi`, `node:fs`. */
  readonly specifier: string;
  /** The file meant, from the top of the repository, when the specifier is relative. */
  readonly file: string | undefined;
  /** Erased before the code runs. */
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the top of the repository. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** What the language offers and the style does not want, such as `enum Colour`. */
  readonly unwanted: readonly string[];
  /** Uses of `process.env` and `process.argv`. */
  readonly processReads: readonly string[];
}

/** Every TypeScript file below the folders, parsed. */
export function readSources(root: string, folders: readonly string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => parseSource(join(folder, name), readFileSync(join(root, folder, name), 'utf8'))),
  );
}

export function parseSource(path: string, text: string): Source {
  const imports: Import[] = [];
  const unwanted: string[] = [];
  const processReads: string[] = [];
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== undefined) imports.push({ ...found, file: resolve(path, found.specifier) });
    const bad = unwantedIn(node);
    if (bad !== undefined) unwanted.push(bad);
    if (readsProcess(node)) processReads.push(`process.${node.name.text}`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  const lines = text === '' ? 0 : text.replace(/\n$/, '').split('\n').length;
  return { path, lines, imports, unwanted, processReads };
}

export const isTest = (path: string): boolean => path.endsWith('.test.ts');

/** The room a file stands in, if any. */
export const roomOf = (path: string): (typeof rooms)[number] | undefined =>
  rooms.find((room) => path.startsWith(`${room}/`));

function importOf(node: ts.Node): Omit<Import, 'file'> | undefined {
  if (ts.isImportDeclaration(node)) return withText(node.moduleSpecifier, clauseIsTypeOnly(node.importClause));
  if (ts.isExportDeclaration(node)) return withText(node.moduleSpecifier, node.isTypeOnly);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return withText(node.argument.literal, true);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return withText(node.arguments[0], false);
  return undefined;
}

function withText(node: ts.Node | undefined, typeOnly: boolean): Omit<Import, 'file'> | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? { specifier: node.text, typeOnly } : undefined;
}

function clauseIsTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  if (clause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

function resolve(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : undefined;
}

function unwantedIn(node: ts.Node): string | undefined {
  if (ts.isEnumDeclaration(node)) return `enum ${node.name.text}: use a union of strings`;
  if (ts.isExportAssignment(node)) return 'default export: export by name';
  if (ts.isExportDeclaration(node) && node.exportClause === undefined) return 'export *: import from the file itself';
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  if (modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) === true)
    return 'default export: export by name';
  return undefined;
}

function readsProcess(node: ts.Node): node is ts.PropertyAccessExpression {
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return false;
  return node.expression.text === 'process' && (node.name.text === 'env' || node.name.text === 'argv');
}
