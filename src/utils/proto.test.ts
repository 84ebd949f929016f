import { expect, it } from 'vitest';
import { loadProto } from './proto.ts';

interface Method {
  readonly path: string;
  readonly responseStream: boolean;
  requestSerialize(value: object): Buffer;
  requestDeserialize(bytes: Buffer): object;
}

it('loads messages, enums and services from text', () => {
  const loaded = loadProto(
    'a.b',
    `
    // comment
    service S { rpc Do(In) returns (stream Out); }
    enum E { X = 0; Y = 1; }
    message In { string some_name = 1; repeated int64 list = 2; map<string, Out> things = 3; E kind = 4; }
    message Out { bytes data = 1; }
  `,
  );
  // proto-loader types services and messages as one union; this one is the service above.
  const { Do } = loaded['a.b.S'] as unknown as { Do: Method };
  expect(Do.path).toBe('/a.b.S/Do');
  expect(Do.responseStream).toBe(true);
  const bytes = Do.requestSerialize({ someName: 'n', list: ['9007199254740993'], things: { k: {} }, kind: 'Y' });
  expect(Do.requestDeserialize(bytes)).toEqual({
    someName: 'n',
    list: ['9007199254740993'],
    things: { k: { data: Buffer.alloc(0) } },
    kind: 'Y',
  });
});

it('says what it does not understand', () => {
  expect(() => loadProto('a', 'message M { oneof x = 1; extra }')).toThrow('proto: not a field: extra');
});
