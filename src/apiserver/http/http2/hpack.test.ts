import { describe, expect, test } from 'vitest';
import { fieldBound, HpackDecoder, HpackError, writeField, writeStatus } from './hpack.ts';

function decode(decoder: HpackDecoder, hex: string): [string, string][] {
  const fields: [string, string][] = [];
  decoder.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), (name, value) => fields.push([name, value]));
  return fields;
}

const first = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];

describe('the examples of RFC 7541, appendix C', () => {
  test.each([
    [
      'C.3, plain',
      [
        '828684410f7777772e6578616d706c652e636f6d',
        '828684be58086e6f2d6361636865',
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
      ],
    ],
    [
      'C.4, Huffman',
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        '828684be5886a8eb10649cbf',
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      ],
    ],
  ])('%s', (_name, [one = '', two = '', three = '']) => {
    const decoder = new HpackDecoder();
    expect(decode(decoder, one)).toEqual(first);
    expect(decode(decoder, two)).toEqual([...first, ['cache-control', 'no-cache']]);
    expect(decode(decoder, three)).toEqual([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/index.html'],
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ]);
  });
});

test('what it writes it can read', () => {
  const fields: [string, string][] = [
    [':status', '418'],
    ['content-type', 'application/json'],
    ['etag', '"x"'],
    ['x-long', 'y'.repeat(20_000)],
    ['x-empty', ''],
    ['warning', '299 - "\u00e4"'],
  ];
  const room = Buffer.alloc(fields.reduce((sum, [n, v]) => sum + fieldBound(n, v), 0));
  let at = writeStatus(room, 0, 418);
  for (const [name, value] of fields.slice(1)) at = writeField(room, at, name, value);
  expect(decode(new HpackDecoder(), room.toString('hex', 0, at))).toEqual(fields);
});

test('entries leave the table when it is full', () => {
  const decoder = new HpackDecoder();
  const literal = (value: string) =>
    `40 01 61 ${value.length.toString(16).padStart(2, '0')} ${Buffer.from(value).toString('hex')}`;
  // 33 entries of 126 bytes: the first is pushed out.
  for (let i = 0; i < 33; i++) decode(decoder, literal(String(i).padStart(93, '0')));
  expect(decode(decoder, 'be')).toEqual([['a', '32'.padStart(93, '0')]]);
  expect(() => decode(decoder, (0x80 | (62 + 32)).toString(16))).toThrow(HpackError);
  decode(decoder, '20');
  expect(() => decode(decoder, 'be')).toThrow(HpackError);
});

test.each([
  ['index 0', '80'],
  ['an index past the table', 'ff00'],
  ['an integer without end', 'ffffffffffffff'],
  ['a string cut short', '4003616263057879'],
  ['padding of zeros', '4081001c00'],
  ['padding of more than seven bits', '400161 82ffff'],
  ['a table larger than was allowed', '3fe21f 82'],
  ['a size update after a field', '8220'],
])('%s is an error', (_name, hex) => {
  expect(() => decode(new HpackDecoder(), hex)).toThrow(HpackError);
});
