import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { errnoOf, fail, messageOf } from '../base/errors.ts';

/** Where distributions put nft; a service's PATH may lack sbin. */
const searchPath = '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin';

/** A table of ours: `ip cricket_ab12`, and what stands between its braces. */
export interface NftTable {
  readonly family: 'ip' | 'ip6' | 'inet';
  readonly name: string;
  readonly body: string;
}

/**
 * Puts the table in place of whatever has its name, in one transaction: there is no instant without its rules.
 * Errors: `failed_precondition` where nft is not installed, `internal` with what nft said.
 */
export async function writeTable(table: NftTable, signal: AbortSignal): Promise<void> {
  await writeTables([table], signal);
}

/** The same for several. */
export async function writeTables(tables: readonly NftTable[], signal: AbortSignal): Promise<void> {
  const commands = tables.map(({ family, name, body }) => {
    const table = `table ${family} ${name}`;
    // `delete` of an absent table fails the transaction, so it is made first.
    return `${table} {}\ndelete ${table}\n${table} {\n${body}\n}\n`;
  });
  await changeRules(commands.join(''), signal);
}

/** Runs commands as nft(8) has them, in one transaction. Errors: as writeTable. */
export async function changeRules(commands: string, signal: AbortSignal): Promise<void> {
  await nft(['-f', '-'], commands, signal);
}

/** The table as nft prints it, names as numbers, undefined where there is none: equal texts are equal tables. */
export async function listTable(
  { family, name }: Pick<NftTable, 'family' | 'name'>,
  signal: AbortSignal,
  { elements }: { readonly elements: boolean } = { elements: true },
): Promise<string | undefined> {
  try {
    return await nft(['-n', ...(elements ? [] : ['-t']), 'list', 'table', family, name], '', signal);
  } catch (error) {
    if (messageOf(error).includes('No such file or directory')) return undefined;
    throw error;
  }
}

/** Absent is fine. */
export async function removeTable(
  { family, name }: Pick<NftTable, 'family' | 'name'>,
  signal: AbortSignal,
): Promise<void> {
  const table = `table ${family} ${name}`;
  await nft(['-f', '-'], `${table} {}\ndelete ${table}\n`, signal);
}

/** Node's spawn, which forks: fine for what happens at start and when mending, not for something per pod. */
async function nft(args: readonly string[], input: string, signal: AbortSignal): Promise<string> {
  const child = spawn('nft', args, { env: { PATH: searchPath, LC_ALL: 'C' }, stdio: 'pipe', signal });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // EPIPE of an nft that ends without reading: its exit code says why.
  child.stdin.on('error', () => undefined).end(input);
  try {
    const [out, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (code !== 0) throw fail('internal', `nft ${args.join(' ')}: ${said.trim().replaceAll(/\s+/g, ' ')}`);
    return out;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw fail('failed_precondition', 'nft is not installed; install the package nftables', error);
  }
}
