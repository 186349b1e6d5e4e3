import { fail } from '../../base/errors.ts';
import { syscallError } from '../libc.ts';
import { bindSocket, closeDescriptor, openSocket, receiveSocket, sendSocket, setSocketFlag } from '../sockets.ts';
import { decodeAttributes, decodeMessages, encodeMessage, headerBytes, textOf } from './wire.ts';
import type { Message } from './wire.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_DONTWAIT = 0x40;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_ACK_TLVS = 0x200;
const NLM_F_DUMP = 0x300;

/** The kernel packs at most this much of a dump into one datagram (linux/netlink.h, NLMSG_GOODSIZE up to 32 KiB). */
const receiveBytes = 64 * 1024;
/** One for all sockets of the thread: it is read out before the call returns. */
const received = Buffer.allocUnsafeSlow(receiveBytes);
const dumpAttempts = 8;

/** A request without its header. `what` names operation and subject for the error. */
export interface Request {
  readonly type: number;
  readonly flags?: number;
  readonly parts: readonly Buffer[];
  readonly what: string;
}

/**
 * A netlink socket of the network namespace that the thread is in when it is made. Every call is synchronous: the
 * kernel has answered before send(2) returns, so nothing here waits but for the rtnl lock inside send.
 */
export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  #sequence = 0;

  /** `protocol`: NETLINK_ROUTE unless told (linux/netlink.h). */
  constructor(protocol = 0) {
    this.#fd = openSocket(AF_NETLINK, SOCK_RAW, protocol);
    setSocketFlag(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK);
    setSocketFlag(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK);
    const anyPort = Buffer.alloc(12);
    anyPort.writeUInt16LE(AF_NETLINK, 0);
    bindSocket(this.#fd, anyPort);
  }

  /** Does one thing. Errors: the kernel's errno with its own explanation where it gives one. */
  change(request: Request): void {
    this.#send(request, NLM_F_REQUEST | NLM_F_ACK);
    this.#collect(request.what);
  }

  /** Asks for one object. Errors: as change. */
  get(request: Request): Buffer {
    this.#send(request, NLM_F_REQUEST | NLM_F_ACK);
    const answer = this.#collect(request.what)[0];
    if (answer === undefined) throw fail('internal', `${request.what}: the kernel gave no answer`);
    return answer.payload;
  }

  /** All objects of a kind. A dump that something changed under is taken again: it may lack an object. */
  dump(request: Request): readonly Buffer[] {
    for (let attempt = 0; attempt < dumpAttempts; attempt++) {
      this.#send(request, NLM_F_REQUEST | NLM_F_DUMP);
      const messages = this.#collect(request.what);
      if (messages.every((message) => (message.flags & NLM_F_DUMP_INTR) === 0))
        return messages.filter((message) => message.type !== NLMSG_DONE).map((message) => message.payload);
    }
    throw fail('unavailable', `${request.what}: it changed ${dumpAttempts} times while being read, try again`);
  }

  #send(request: Request, flags: number): void {
    this.#sequence += 1;
    sendSocket(this.#fd, encodeMessage(request.type, flags | (request.flags ?? 0), this.#sequence, request.parts));
  }

  /** Everything up to the acknowledgement or the end of the dump. What an earlier, failed exchange left is skipped. */
  #collect(what: string): readonly Message[] {
    const messages: Message[] = [];
    for (;;) {
      const length = receiveSocket(this.#fd, received, MSG_DONTWAIT);
      for (const message of decodeMessages(Buffer.from(received.subarray(0, length)))) {
        if (message.sequence !== this.#sequence) continue;
        if (message.type === NLMSG_ERROR) {
          throwRefusal(message, what);
          return messages;
        }
        messages.push(message);
        if (message.type === NLMSG_DONE) return messages;
      }
    }
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#fd);
  }
}

/** NLMSG_ERROR with 0 is the acknowledgement; else a negative errno, with a text behind the echoed header. */
function throwRefusal(message: Message, what: string): void {
  const code = -message.payload.readInt32LE(0);
  if (code === 0) return;
  const explained = (message.flags & NLM_F_ACK_TLVS) !== 0;
  const reason = explained ? textOf(decodeAttributes(message.payload, 4 + headerBytes).get(NLMSGERR_ATTR_MSG)) : '';
  throw syscallError(reason === '' ? what : `${what} (${reason})`, code);
}
