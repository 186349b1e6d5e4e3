/** What a URL was asked for: checked by the RPC that issued it. */
export type StreamRequest = ExecRequest | AttachRequest | PortForwardRequest;

/** The streams that a client is going to open. With a TTY there is no stderr. */
export interface ProcessStreamsWish {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface ExecRequest extends ProcessStreamsWish {
  readonly kind: 'exec';
  readonly containerId: string;
  readonly command: readonly string[];
}

export interface AttachRequest extends ProcessStreamsWish {
  readonly kind: 'attach';
  readonly containerId: string;
}

export interface PortForwardRequest {
  readonly kind: 'portforward';
  readonly podId: string;
  /** For clients that cannot name a port with each connection: plain WebSocket. */
  readonly ports: readonly number[];
}

export type StreamKind = StreamRequest['kind'];
export type Transport = 'spdy' | 'websocket' | 'tunnel';
