import type { ProtoWriter } from '../../schema/protobuf-wire.ts';

/**
 * What the messages of gnostic have in common (https://github.com/google/gnostic-models): they are written from tables
 * of their fields.
 */

/** Writes one field of a message. The writer goes backwards, so that what repeats is written from its end. */
export type Write = (writer: ProtoWriter, tag: number, value: unknown) => void;

export interface Message {
  readonly [property: string]: readonly [tag: number, write: Write];
}

export const text: Write = (writer, tag, value) => {
  if (typeof value !== 'string') throw new TypeError(`not a string: ${JSON.stringify(value)}`);
  writer.string(tag, value);
};

export const flag: Write = (writer, tag, value) => writer.varint(tag, value === true ? 1 : 0);

/** A field that is a message around `write`. */
export const inside =
  (write: (writer: ProtoWriter, value: unknown) => void): Write =>
  (writer, tag, value) => {
    const end = writer.length;
    write(writer, value);
    writer.message(tag, end);
  };

/** A message with one field. */
export const wrapped = (inner: number, write: Write): Write => inside((writer, value) => write(writer, inner, value));

/** An Any: YAML, and JSON is YAML. */
export const any = inside((writer, value) => writer.string(2, `${JSON.stringify(value)}\n`));

export const each =
  (write: Write): Write =>
  (writer, tag, value) => {
    if (!Array.isArray(value)) throw new TypeError(`not a list: ${JSON.stringify(value)}`);
    for (let i = value.length - 1; i >= 0; i--) write(writer, tag, value[i]);
  };

export const entry = (write: Write) =>
  inside((writer, value) => {
    const [name, content] = value as readonly [string, unknown]; // made by `entries` alone
    write(writer, 2, content);
    writer.string(1, name);
  });

/** A map is a list of names with their values. */
export const named = (write: Write): Write => {
  const one = entry(write);
  return (writer, tag, value) => {
    for (const pair of entries(value)) one(writer, tag, pair);
  };
};

/** The entries of a JSON object, the last one first. */
export function entries(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null) throw new TypeError(`not an object: ${JSON.stringify(value)}`);
  return Object.entries(value).reverse();
}

export const extension = entry(any);

/**
 * A message of named fields; what begins with "x-" goes to `extensions`. Documents of extension servers have fields
 * that ours have not: those are left out.
 */
export const message = (fields: Message, extensions: number): Write =>
  inside((writer, value) => {
    for (const pair of entries(value)) {
      const [name, content] = pair;
      const field = fields[name];
      if (field) field[1](writer, field[0], content);
      else if (name.startsWith('x-')) extension(writer, extensions, pair);
    }
  });
