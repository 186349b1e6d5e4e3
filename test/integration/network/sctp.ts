import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The interpreter that every Debian has: Node has neither raw sockets nor SCTP. */
const perl = (netns: string | undefined, script: string, args: readonly string[]) => {
  const inside = netns === undefined ? [] : ['ip', 'netns', 'exec', netns.replace('/run/netns/', '')];
  const [command = '', ...rest] = [...inside, 'perl', '-MSocket', '-e', `$| = 1; ${script}`, ...args];
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
};

/** What a script printed, line by line; disposing ends it. */
export class Lines implements AsyncDisposable {
  readonly #child: ReturnType<typeof perl>;
  readonly #lines: AsyncIterator<string, undefined>;

  constructor(netns: string | undefined, script: string, ...args: readonly string[]) {
    this.#child = perl(netns, script, args);
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Errors: it ended, or said nothing within the time. */
  async next(): Promise<string> {
    const late = AbortSignal.timeout(5000);
    const aborted = once(late, 'abort').then(() => Promise.reject(new Error('nothing came')));
    const { done, value }: IteratorResult<string, undefined> = await Promise.race([this.#lines.next(), aborted]);
    if (done === true) throw new Error('it ended');
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** Every SCTP packet that comes to a namespace, with its IPv4 header, in hex; after `ready`. */
export const sniffer = (netns: string | undefined): Lines =>
  new Lines(
    netns,
    'socket(S, AF_INET, SOCK_RAW, 132) or die $!; print "ready\\n"; print unpack("H*", $b), "\\n" while defined recv(S, $b, 2048, 0)',
  );

/** Sends one SCTP packet, which gets its IPv4 header from the kernel. */
export async function sendPacket(netns: string | undefined, to: string, packet: Buffer): Promise<void> {
  const script =
    'socket(S, AF_INET, SOCK_RAW, 132) or die $!; send(S, pack("H*", $ARGV[1]), 0, sockaddr_in(0, inet_aton($ARGV[0]))) or die $!';
  const child = perl(netns, script, [to, packet.toString('hex')]);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`sending to ${to} ended with ${code ?? 'a signal'}`);
}

export interface Packet {
  readonly from: string;
  readonly sourcePort: number;
  readonly port: number;
  readonly tag: number;
  readonly chunk: number;
  readonly initTag: number;
  readonly isWhole: boolean;
}

/** INIT (1) or INIT ACK (2) of RFC 9260, 3.3: the common header with its checksum, and a chunk without parameters. */
export function initPacket(wish: Pick<Packet, 'sourcePort' | 'port' | 'tag' | 'chunk' | 'initTag'>): Buffer {
  const bytes = Buffer.alloc(12 + 20);
  bytes.writeUInt16BE(wish.sourcePort, 0);
  bytes.writeUInt16BE(wish.port, 2);
  bytes.writeUInt32BE(wish.tag, 4);
  bytes.writeUInt8(wish.chunk, 12);
  bytes.writeUInt16BE(20, 14);
  bytes.writeUInt32BE(wish.initTag, 16);
  bytes.writeUInt32BE(65_536, 20);
  for (const at of [24, 26]) bytes.writeUInt16BE(1, at);
  bytes.writeUInt32BE(1, 28);
  bytes.writeUInt32LE(crc32c(bytes), 8);
  return bytes;
}

export function parsePacket(hex: string): Packet {
  const all = Buffer.from(hex, 'hex');
  const bytes = Buffer.from(all.subarray(((all[0] ?? 0) & 15) * 4));
  const sum = bytes.readUInt32LE(8);
  bytes.writeUInt32LE(0, 8);
  return {
    from: [...all.subarray(12, 16)].join('.'),
    ...{ sourcePort: bytes.readUInt16BE(0), port: bytes.readUInt16BE(2), tag: bytes.readUInt32BE(4) },
    ...{ chunk: bytes[12] ?? 0, initTag: bytes.readUInt32BE(16), isWhole: sum === crc32c(bytes) },
  };
}

/** Castagnoli's, reflected: RFC 9260, appendix A. */
function crc32c(bytes: Buffer): number {
  let rest = 0xffff_ffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ ((rest & 1) * 0x82f6_3b78);
  }
  return (rest ^ 0xffff_ffff) >>> 0;
}
