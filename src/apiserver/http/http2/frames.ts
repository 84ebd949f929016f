/** Frames of HTTP/2: RFC 9113, sections 4, 6 and 7. */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;
export type ErrorCode = (typeof errorCode)[keyof typeof errorCode];

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const HEADER_BYTES = 9;
/** SETTINGS_MAX_FRAME_SIZE's default, which is ours. */
export const FRAME_LIMIT = 16_384;
export const DEFAULT_WINDOW = 65_535;
export const LARGEST_WINDOW = 2 ** 31 - 1;

/** The connection cannot go on: it ends with GOAWAY and this code. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Writes a frame's header; returns where the payload begins. */
export function writeFrameHeader(
  room: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): number {
  room[at] = length >>> 16;
  room[at + 1] = length >>> 8;
  room[at + 2] = length;
  room[at + 3] = type;
  room[at + 4] = flags;
  room[at + 5] = stream >>> 24;
  room[at + 6] = stream >>> 16;
  room[at + 7] = stream >>> 8;
  room[at + 8] = stream;
  return at + HEADER_BYTES;
}

/** The payload of a frame that may be padded. Throws ConnectionError. */
export function unpad(flags: number, payload: Buffer): Buffer {
  if (!(flags & flag.padded)) return payload;
  const padding = payload[0];
  if (padding === undefined || padding >= payload.length)
    throw new ConnectionError(errorCode.protocol, 'more padding than payload');
  return payload.subarray(1, payload.length - padding);
}
