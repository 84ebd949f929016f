import type { WebSocket } from 'ws';
import { Bridge } from './bridge.ts';
import type { ChannelProtocol } from './websocket.ts';

export interface StreamFlags {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const RUNTIME_PROTOCOL = 'v4.channel.k8s.io';

/**
 * Connects a client's WebSocket with the runtime's streams of exec or attach. Resolves when both are closed.
 *
 *     channel 0 -> stdin     1 <- stdout     2 <- stderr     3 <- error (how it ended)     4 -> resize
 */
export async function bridgeCommand(
  accept: () => Promise<WebSocket>,
  protocol: ChannelProtocol,
  url: string,
  flags: StreamFlags,
  signal: AbortSignal,
): Promise<void> {
  const bridge = await Bridge.open({ accept, protocol, url, runtimeProtocol: RUNTIME_PROTOCOL, signal });
  const { session, channels, streams } = bridge;
  let said = '';
  let open = 0;
  const output = (channel: number, name: string) => {
    open++;
    const end = () => {
      if (--open === 0) finish();
    };
    session.open({ streamType: name }, { data: (chunk) => channels.send(channel, chunk), end });
  };
  const input = (channel: number, name: string) => {
    streams.set(channel, session.open({ streamType: name }, { data: () => {}, end: () => {} }));
  };
  const finish = () => {
    if (said === '') return bridge.hangUp(); // the runtime did not say how it ended: neither can we
    const words = protocol.status ? said : messageOf(said);
    if (words) channels.send(ERROR, Buffer.from(words));
    bridge.end();
  };
  // The runtime waits for all of them, in whatever order.
  open++;
  session.open(
    { streamType: 'error' },
    {
      data: (chunk) => {
        if (said.length < LONGEST_STATUS) said += chunk.toString();
      },
      end: () => {
        if (--open === 0) finish();
      },
    },
  );
  if (flags.stdin) input(STDIN, 'stdin');
  if (flags.stdout) output(STDOUT, 'stdout');
  if (flags.stderr) output(STDERR, 'stderr');
  if (flags.tty) input(RESIZE, 'resize');
  // Shows the client that the connection stands.
  channels.send(flags.stdout ? STDOUT : flags.stderr ? STDERR : ERROR, new Uint8Array());

  await bridge.closed();
}

const LONGEST_STATUS = 64 * 1024;

/** For clients of old: the text of a failure, nothing of a success. */
function messageOf(status: string): string {
  try {
    const parsed: unknown = JSON.parse(status);
    if (typeof parsed !== 'object' || parsed === null) return status;
    if ('status' in parsed && parsed.status === 'Success') return '';
    return 'message' in parsed && typeof parsed.message === 'string' ? parsed.message : status;
  } catch {
    return status;
  }
}
