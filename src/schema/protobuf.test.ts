import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { model } from '../api/model.ts';
import { decode, decodeKind } from './decode.ts';
import {
  decodeProto,
  decodeProtoMessage,
  encodeProto,
  encodeProtoMessage,
  openProto,
  ProtobufError,
} from './protobuf.ts';

const gvk = { apiVersion: 'v1', kind: 'Pod' };
const pod = model.type('core/v1.Pod');

describe('the envelope', () => {
  it('says what is in it', () => {
    const bytes = encodeProto(pod, gvk, decodeKind(pod, gvk, {}, { defaults: false }).object);
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('k8s\0');
    expect(openProto(bytes)).toMatchObject(gvk);
    expect(decodeProto(pod, bytes)).toMatchObject(gvk);
  });

  it('must be there', () => expect(() => openProto(Buffer.from('{}'))).toThrow(ProtobufError));
});

const canonical = (name: string, value: unknown) => decode(model.type(name), value, { defaults: false }).object;

describe('values survive', () => {
  const roundTrip = (name: string, value: unknown) => {
    const object = canonical(name, value);
    const bytes = encodeProtoMessage(model.type(name), object);
    expect(canonical(name, decodeProtoMessage(model.type(name), bytes))).toEqual(object);
  };

  it('numbers of any size', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer(), (long, short) => {
        roundTrip('meta/v1.ObjectMeta', { generation: long, deletionGracePeriodSeconds: -long });
        roundTrip('core/v1.HTTPGetAction', { port: short });
      }),
    );
  });

  it('strings, maps and bytes', () => {
    const unicode = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(unicode, unicode), fc.uint8Array(), (data, bytes) => {
        roundTrip('core/v1.ConfigMap', { data, binaryData: { b: Buffer.from(bytes).toString('base64') } });
      }),
    );
  });

  it('any JSON where any is allowed', () => {
    // Written and read once: JSON.stringify makes 0 of -0.
    const values = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));
    fc.assert(
      fc.property(values, (data) => {
        roundTrip('apps/v1.ControllerRevision', { data });
        roundTrip('apiextensions/v1.JSONSchemaProps', { default: data, enum: [data] });
      }),
    );
  });

  it('schemas that are lists, booleans or strings', () => {
    const schema = { type: 'string', properties: { a: { not: {} } } };
    roundTrip('apiextensions/v1.JSONSchemaProps', { items: schema, additionalProperties: false });
    roundTrip('apiextensions/v1.JSONSchemaProps', { items: [schema, {}], additionalProperties: schema });
    roundTrip('apiextensions/v1.JSONSchemaProps', {
      dependencies: { a: ['b', 'c'], d: schema },
      additionalItems: true,
    });
  });

  it('lists within maps', () => roundTrip('authentication/v1.UserInfo', { extra: { a: ['x', 'y'], b: [] } }));
});

describe('bytes that are not a message', () => {
  it('are refused or read, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeProtoMessage(pod, Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when cut short', () => {
    const bytes = encodeProtoMessage(pod, canonical('core/v1.Pod', { metadata: { name: 'name' } }));
    expect(() => decodeProtoMessage(pod, bytes.subarray(0, -1))).toThrow('unexpected EOF');
  });
});
