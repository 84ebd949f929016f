/** The little of ASN.1 DER that certificates and certificate requests need. */

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function encode(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = content.length === 1 && content[0] ? content[0] : Buffer.concat(content);
  const n = body.length;
  if (n < 0x80) return Buffer.concat([Buffer.from([tag, n]), body]);
  const length: number[] = [];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body]);
}

export const sequence = (...items: readonly Buffer[]): Buffer => encode(tags.sequence, ...items);
export const octetString = (bytes: Buffer): Buffer => encode(tags.octetString, bytes);
export const utf8String = (text: string): Buffer => encode(tags.utf8String, Buffer.from(text));
export const boolean = (value: boolean): Buffer => encode(tags.boolean, Buffer.from([value ? 0xff : 0]));
export const bitString = (bytes: Buffer, unusedBits = 0): Buffer =>
  encode(tags.bitString, Buffer.from([unusedBits]), bytes);

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return (trimmed[0] ?? 0) & 0x80 ? encode(tags.integer, Buffer.from([0]), trimmed) : encode(tags.integer, trimmed);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const group = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) group.unshift(0x80 | (left % 128));
    bytes.push(...group);
  }
  return encode(tags.oid, Buffer.from(bytes));
}

/** A point in time, in the form that RFC 5280 wants: two-digit years up to 2049. */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return text < '2050'
    ? encode(tags.utcTime, Buffer.from(text.slice(2)))
    : encode(tags.generalizedTime, Buffer.from(text));
}

/** One decoded element. `bytes` is all of it, `body` what it holds. */
export interface Element {
  readonly tag: number;
  readonly bytes: Buffer;
  readonly body: Buffer;
}

/** The element that starts at `at`. Throws on anything malformed. */
function decodeAt(input: Buffer, at: number): { element: Element; next: number } {
  const tag = input[at];
  const first = input[at + 1];
  if (tag === undefined || first === undefined) throw new Error('malformed DER: truncated');
  let start = at + 2;
  let length = first;
  if (first & 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || start + count > input.length) throw new Error('malformed DER: bad length');
    length = input.readUIntBE(start, count);
    start += count;
  }
  const next = start + length;
  if (next > input.length) throw new Error('malformed DER: truncated');
  return { element: { tag, bytes: input.subarray(at, next), body: input.subarray(start, next) }, next };
}

export function decode(input: Buffer): Element {
  const { element, next } = decodeAt(input, 0);
  if (next !== input.length) throw new Error('malformed DER: trailing data');
  return element;
}

/** What a constructed element holds. */
export function children(parent: Element): Element[] {
  const list: Element[] = [];
  for (let at = 0; at < parent.body.length; ) {
    const { element, next } = decodeAt(parent.body, at);
    list.push(element);
    at = next;
  }
  return list;
}

export function decodeOid(element: Element): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of element.body) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length === 0) arcs.push(Math.min(Math.floor(arc / 40), 2), arc - Math.min(Math.floor(arc / 40), 2) * 40);
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}
