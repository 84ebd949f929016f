import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dictionary } from '../fake-runtime.ts';
import { dataHeader, FLAG_FIN, FrameParser, HeaderWriter, ping, rstStream } from './frames.ts';

function parse(bytes: Buffer, pieces: number): string[] {
  const lines: string[] = [];
  const parser = new FrameParser({
    data: (id, chunk, fin) => lines.push(`data ${id} ${chunk}${fin ? ' fin' : ''}`),
    control: (type, flags, payload) => lines.push(`control ${type} ${flags} ${payload.toString('hex')}`),
  });
  for (let at = 0; at < bytes.length; at += pieces) parser.push(bytes.subarray(at, at + pieces));
  return lines;
}

describe('frames', () => {
  const bytes = Buffer.concat([
    ping(7),
    dataHeader(3, 0, 5),
    Buffer.from('hello'),
    dataHeader(3, FLAG_FIN, 0),
    rstStream(5, 5),
    dataHeader(1, FLAG_FIN, 2),
    Buffer.from('!!'),
  ]);

  it('come apart as they were put together', () => {
    expect(parse(bytes, bytes.length)).toEqual([
      'control 6 0 00000007',
      'data 3 hello',
      'data 3  fin',
      'control 3 0 0000000500000005',
      'data 1 !! fin',
    ]);
  });

  it('come apart the same when they arrive byte by byte', () => {
    const control = (lines: string[]) => lines.filter((line) => line.startsWith('control'));
    const text = (lines: string[]) =>
      lines
        .filter((line) => line.startsWith('data'))
        .map((line) => line.slice('data 3 '.length))
        .join('');
    expect(control(parse(bytes, 1))).toEqual(control(parse(bytes, bytes.length)));
    expect(text(parse(bytes, 1))).toBe('hello fin!! fin');
  });

  it.each([
    ['another version', Buffer.from('8002000100000000', 'hex')],
    ['a control frame without end', Buffer.from('8003000100ffffff', 'hex')],
  ])('that are %s are refused', (_, wrong) => {
    expect(() => parse(wrong, 8)).toThrow();
  });
});

describe('blocks of headers', () => {
  it('are one zlib stream with the dictionary of SPDY/3', () => {
    const writer = new HeaderWriter();
    const first = writer.synStream(1, { streamType: 'error' }).subarray(18);
    const second = writer.synStream(3, { streamType: 'stdin', port: '80' }).subarray(18);
    // zlib checks the dictionary's checksum; the stream has no end, since the session goes on.
    const text = inflateSync(Buffer.concat([first, second]), { dictionary, finishFlush: 2 }).toString('latin1');
    expect(text).toBe(
      '\0\0\0\x01\0\0\0\x0astreamtype\0\0\0\x05error\0\0\0\x02\0\0\0\x0astreamtype\0\0\0\x05stdin\0\0\0\x04port\0\0\0\x0280',
    );
  });
});
