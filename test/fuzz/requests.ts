import { stringify } from 'yaml';
import { model } from '../../src/api/model.ts';
import { parseApiVersion } from '../../src/api/resource.ts';
import { decodeKind } from '../../src/schema/decode.ts';
import { isJsonObject } from '../../src/schema/json.ts';
import { encodeProto } from '../../src/schema/protobuf.ts';
import type { Chance } from './chance.ts';
import { generated, resources, type Sample } from './samples.ts';
import { anything, keys, mutate } from './values.ts';

/** A request as it goes on the wire. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const media = {
  json: 'application/json',
  yaml: 'application/yaml',
  proto: 'application/vnd.kubernetes.protobuf',
};
const patches = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const accepts = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v9;g=x',
  'application/cbor',
  '*/*',
  'text/html;q=0.5,*/*;q=0.1',
  ';;;,,,q=',
  '',
];

const queries: readonly (readonly [string, readonly string[]])[] = [
  [
    'labelSelector',
    ['app=a', 'app in (a,b', 'a!=b,!c', '=', ',,,', 'a in ()', `${'a'.repeat(300)}=b`, 'a=b\u0000', 'x>1'],
  ],
  ['fieldSelector', ['metadata.name=a', 'spec.nope=1', 'a\\=b=c', 'metadata.name!=', '=', 'status.phase=Running']],
  ['limit', ['0', '1', '2', '-1', '9999999999999999999', 'x', '']],
  [
    'continue',
    [
      'x',
      'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0',
      'e30=',
      'bnVsbA',
      '%%%',
      'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vLi4vIn0',
    ],
  ],
  ['resourceVersion', ['0', '1', '-1', '999999999999', 'x', '18446744073709551616', '']],
  ['resourceVersionMatch', ['Exact', 'NotOlderThan', 'x', '']],
  ['watch', ['1', 'true', 'maybe']],
  ['timeoutSeconds', ['1', '0', '-5', 'x', '99999999999999']],
  ['allowWatchBookmarks', ['true', 'x']],
  ['sendInitialEvents', ['true', 'false', 'x']],
  ['dryRun', ['All', 'x', '']],
  ['fieldManager', ['f', 'x'.repeat(200), '\u0007', '']],
  ['fieldValidation', ['Strict', 'Warn', 'Ignore', 'x']],
  ['force', ['true', 'false', 'x']],
  ['pretty', ['true', 'x']],
  ['gracePeriodSeconds', ['0', '30', '-1', 'x', '9999999999999']],
  ['propagationPolicy', ['Foreground', 'Background', 'Orphan', 'x']],
  ['orphanDependents', ['true', 'x']],
  ['container', ['c', 'x']],
  ['follow', ['false']],
  ['tailLines', ['-1', '1', 'x']],
  ['sinceTime', ['x', '2020-01-01T00:00:00Z']],
  ['command', ['sh', '']],
  ['ports', ['80', '-1', 'x', '']],
  ['__proto__', ['1']],
  ['constructor', ['x']],
  ['timeout', ['1s', 'x', '-1s', '0s', '1000000h']],
];

/** One request: mostly a good one with something wrong in it, somewhere. */
export function makeRequest(chance: Chance, samples: readonly Sample[], namespace: string): WireRequest {
  const sample = chance.oneIn(3) ? generated(chance) : chance.pick(samples);
  const fill = (text: string) => text.replaceAll('{ns}', namespace);
  let { method, body } = sample;
  let path = fill(sample.path);
  const headers: Record<string, string> = { ...sample.headers };
  if (body !== undefined) {
    body = typeof body === 'string' ? fill(body) : JSON.parse(fill(JSON.stringify(body)));
    for (let n = chance.below(4); n > 0; n--) body = mutate(chance, body);
  }
  if (method === 'POST' && chance.oneIn(5)) {
    method = chance.pick(['PUT', 'PATCH', 'DELETE']);
    path = `${path.split('?')[0]}/${chance.pick(['a', 'b', 'c'])}`;
    const { subresources } = chance.pick(resources);
    if (chance.oneIn(3) && subresources.length) path += `/${chance.pick(subresources)}`;
  }
  if (chance.oneIn(40))
    method = chance.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']);
  if (method === 'PATCH' && chance.oneIn(2)) [headers['content-type'], body] = patchOf(chance, body);
  if (chance.oneIn(12)) path = mutatePath(chance, path);
  for (let n = chance.oneIn(3) ? 1 + chance.below(3) : 0; n > 0; n--) {
    const [key, values] = chance.pick(queries);
    const value = chance.oneIn(20) ? (JSON.stringify(anything(chance)) ?? '') : chance.pick(values);
    path += `${path.includes('?') ? '&' : '?'}${key}=${encode(value)}`;
  }
  if (/[?&]watch=/.test(path) && !path.includes('timeoutSeconds=')) path += '&timeoutSeconds=1';
  if (chance.oneIn(4)) headers.accept = chance.pick(accepts);
  if (chance.oneIn(30)) Object.assign(headers, oddHeaders(chance));
  if (body === undefined || method === 'GET' || method === 'HEAD') return { method, path, headers, body: undefined };
  const [type, bytes] = writeBody(chance, body, headers['content-type'] ?? media.json);
  headers['content-type'] = chance.oneIn(50)
    ? chance.pick([...Object.values(media), ...patches, 'text/plain', ''])
    : type;
  return { method, path, headers, body: bytes };
}

/** Lone surrogates have no percent form; their replacement has. */
const encode = (text: string) => encodeURIComponent(text.toWellFormed());

function patchOf(chance: Chance, body: unknown): [type: string, patch: unknown] {
  const type = chance.pick(patches);
  if (type !== patches[0]) return [type, chance.oneIn(5) ? withManagedFields(chance, body) : body];
  const pointers = [
    '/metadata/labels',
    '/metadata/labels/a',
    '/spec',
    '/spec/containers/0',
    '/spec/containers/-',
    '',
    '/',
    '/metadata/name',
    '/data/a',
    '/__proto__/x',
    '/constructor/prototype',
    '/a~2b',
    'x',
    '/spec/containers/99999999999',
    '/metadata/managedFields',
  ];
  const operation = () => ({
    op: chance.pick(['add', 'remove', 'replace', 'move', 'copy', 'test', 'x']),
    path: chance.pick(pointers),
    ...(chance.oneIn(3) && { from: chance.pick(pointers) }),
    ...(!chance.oneIn(4) && { value: anything(chance) }),
  });
  return [type, chance.oneIn(10) ? anything(chance) : Array.from({ length: chance.below(5) }, operation)];
}

function withManagedFields(chance: Chance, body: unknown): unknown {
  if (!isJsonObject(body)) return body;
  const entry = {
    manager: chance.pick(['f', '', 'x'.repeat(200)]),
    operation: chance.pick(['Apply', 'Update', 'x']),
    apiVersion: chance.pick(['v1', 'apps/v1', 'x/y/z', '']),
    fieldsType: chance.pick(['FieldsV1', 'x']),
    fieldsV1: chance.oneIn(2)
      ? {
          'f:spec': {
            'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {} }, 'k:{': {}, 'v:1': {}, 'i:x': {} },
          },
        }
      : anything(chance),
    subresource: chance.pick(['', 'status', 'x']),
  };
  const metadata = isJsonObject(body.metadata) ? body.metadata : {};
  return { ...body, metadata: { ...metadata, managedFields: [entry, chance.oneIn(2) ? anything(chance) : entry] } };
}

function mutatePath(chance: Chance, path: string): string {
  const parts = path.split('/');
  const at = chance.below(parts.length);
  const odd = [
    '',
    '..',
    '.',
    '%2e%2e',
    '%00',
    '%2F',
    '%ff%fe',
    '%zz',
    'Ü',
    'a b',
    '%F0%9F%98%80',
    'x'.repeat(3000),
    'watch',
    'proxy',
    'status',
    'log',
    'exec',
    ...keys,
  ];
  parts[at] = chance.oneIn(4) ? `${parts[at]}/${chance.pick(odd)}` : chance.pick(odd);
  return parts.join('/');
}

function oddHeaders(chance: Chance): Record<string, string> {
  return chance.pick<Record<string, string>>([
    { 'impersonate-user': 'a' },
    { 'impersonate-group': 'system:masters' },
    { 'impersonate-user': 'a', 'impersonate-extra-%zz': 'b', 'impersonate-uid': '1' },
    { 'accept-encoding': 'gzip' },
    { 'accept-encoding': 'br;q=1,,gzip;q=x' },
    { 'content-encoding': 'gzip' },
    { 'if-none-match': '*' },
    { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer a.b.c' },
    { authorization: 'Basic YTpi' },
    { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50In0.' },
    { 'user-agent': '' },
    { 'user-agent': 'x'.repeat(2000) },
    { 'x-http-method-override': 'DELETE' },
    { origin: 'https://evil.example' },
    { 'audit-id': '../../x' },
    { traceparent: '00-x-y-z' },
    { upgrade: 'SPDY/3.1', connection: 'Upgrade' },
    { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'x', 'sec-websocket-version': '13' },
    { ['x'.repeat(200)]: 'y'.repeat(5000) },
  ]);
}

function writeBody(chance: Chance, body: unknown, type: string): [type: string, bytes: Buffer] {
  const form = type !== media.json ? 0 : chance.below(6);
  if (form === 1) return [media.yaml, Buffer.from(yamlText(chance, body))];
  if (form === 2) {
    const bytes = protobuf(body);
    if (bytes) return [media.proto, chance.oneIn(3) ? bytes : damage(chance, bytes)];
  }
  let text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  if (chance.oneIn(8)) text = damageText(chance, text);
  const bytes = Buffer.from(text);
  return [type, chance.oneIn(30) ? damage(chance, bytes) : bytes];
}

/** undefined for what has no protobuf form. */
function protobuf(body: unknown): Buffer | undefined {
  if (!isJsonObject(body) || typeof body.apiVersion !== 'string' || typeof body.kind !== 'string') return undefined;
  const gv = parseApiVersion(body.apiVersion);
  const schema = gv && model.kind(gv.group, gv.version, body.kind);
  if (!schema) return undefined;
  const gvk = { apiVersion: body.apiVersion, kind: body.kind };
  try {
    return encodeProto(schema, gvk, decodeKind(schema, gvk, body, { defaults: false }).object);
  } catch {
    // Mutated into something that does not fit its type: sent as JSON.
    return undefined;
  }
}

function damage(chance: Chance, bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  for (let n = 1 + chance.below(4); n > 0 && out.length; n--) {
    const at = chance.below(out.length);
    switch (chance.below(5)) {
      case 0:
        return out.subarray(0, at);
      case 1:
        out[at] = chance.pick([0, 0xff, 0x80, 0x7f]);
        break;
      case 2:
        return Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - 20))]);
      case 3:
        return Buffer.concat([out.subarray(0, at), Buffer.from('ffffffffffffffff7f', 'hex'), out.subarray(at)]);
      default:
        out[at] = (out[at] ?? 0) ^ (1 << chance.below(8));
    }
  }
  return out;
}

function damageText(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1);
  const odd = [
    '\u0000',
    '"',
    '{',
    '}',
    ']',
    ',',
    ':',
    '\\',
    '\\u0000',
    '\\ud800',
    '1e999',
    '-',
    '00',
    'NaN',
    '/**/',
    '\ufeff',
    '\u2028',
    '"__proto__":{"x":1},',
    '"kind":"X",',
    '"metadata":null,',
  ];
  switch (chance.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text + text;
    case 2:
      return text.replace(
        '{',
        `{${chance.pick(['"kind":"X",', '"metadata":{"name":"z"},', '"__proto__":{"a":1},', '"spec":1,'])}`,
      );
    case 3:
      return text.replace(/:(\d+)/, `:${chance.pick(['1e400', '1'.repeat(400), '-0', '1.0', '1E2', '0x10', '01'])}`);
    default:
      return text.slice(0, at) + chance.pick(odd) + text.slice(at);
  }
}

function yamlText(chance: Chance, body: unknown): string {
  const flow = JSON.stringify(body) ?? '';
  // Flow style is YAML too, and the only one that can be written of what is nested so deep.
  const text = flow.includes('[[[[[[') || flow.includes('{"a":{"a":{"a":') ? flow : stringify(body);
  switch (chance.below(9)) {
    case 0: {
      const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
      for (let n = 1; n < 9; n++)
        lines.push(
          `a${n}: &a${n} [${Array(9)
            .fill(`*a${n - 1}`)
            .join(', ')}]`,
        );
      return `${lines.join('\n')}\n${text}`;
    }
    case 1:
      return `base: &base {kind: X, metadata: {name: z}}\n<<: *base\n${text}`;
    case 2:
      return `${text}\nloop: &l\n  me: *l\n`;
    case 3:
      return text.replace(
        /: (\S+)\n/,
        `: !!${chance.pick(['binary', 'set', 'int', 'js/function', 'python/object:x', 'null'])} $1\n`,
      );
    case 4:
      return `${text}---\n${text}`;
    case 5:
      return `${'['.repeat(3000)}\n`;
    case 6:
      return damageText(chance, text);
    default:
      return text;
  }
}
