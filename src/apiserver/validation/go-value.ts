import { goTypes } from './go-types.ts';

type Fields = Readonly<Record<string, unknown>>;

interface GoField {
  readonly name: string;
  readonly json: string;
  readonly kind: string;
}

const parsed = new Map<string, readonly GoField[]>();

function fieldsOf(type: string): readonly GoField[] {
  let fields = parsed.get(type);
  if (!fields) {
    fields = (goTypes[type] ?? '').split(' ').map((text) => {
      const [names = '', kind = ''] = text.split(':');
      const [name = '', json = name.charAt(0).toLowerCase() + name.slice(1)] = names.split('=');
      return { name, json, kind };
    });
    parsed.set(type, fields);
  }
  return fields;
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** A value of one of Kubernetes' types (see go-types.ts) as Go's encoding/json would write it: all fields, Go's names. */
export function goValue(type: string, value: unknown): Readonly<Record<string, unknown>> {
  const given = isFields(value) ? value : {};
  const out: Record<string, unknown> = {};
  for (const { name, json, kind } of fieldsOf(type)) {
    if (kind === 'o') Object.assign(out, metadata(given[json]));
    else out[name] = goField(kind, given[json]);
  }
  return out;
}

function goField(kind: string, value: unknown): unknown {
  switch (kind) {
    case '':
      return value ?? '';
    case 'b':
      return value ?? false;
    case 'i':
    case 'n':
      return value ?? 0;
    case 'q':
      return value ?? '0';
    case 'm':
      return value ?? {};
    case 'l':
      return labelSelector(value);
    case 'r':
      return value ?? null;
    case 'p':
      return goPodSpec(isFields(value) ? value : {});
    case '?':
      return sorted(value ?? null);
    default:
      if (kind.startsWith('[]')) return Array.isArray(value) ? value.map((one) => goValue(kind.slice(2), one)) : null;
      if (kind.startsWith('*')) return value === undefined ? null : goValue(kind.slice(1), value);
      return goValue(kind, value);
  }
}

/** These have JSON names, too. */
function metadata(value: unknown): Fields {
  const given = Object.entries(isFields(value) ? value : {}).filter(([, one]) => one !== null);
  return Object.fromEntries(given.map(([key, one]) => [key, sorted(one)]));
}

/** These have JSON names, and say nothing of what is absent. */
function labelSelector(value: unknown): unknown {
  if (!isFields(value)) return null;
  const { matchLabels, matchExpressions } = value;
  const expressions = (Array.isArray(matchExpressions) ? matchExpressions : []).filter(isFields);
  return {
    ...(isFields(matchLabels) && Object.keys(matchLabels).length > 0 && { matchLabels: sorted(matchLabels) }),
    ...(expressions.length > 0 && {
      matchExpressions: expressions.map(({ key, operator, values }) => ({
        key,
        operator,
        ...(Array.isArray(values) && values.length > 0 && { values }),
      })),
    }),
  };
}

/** Maps are written in the order of their keys. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

/** In Kubernetes' own type what a pod shares with its host is part of its security context. */
export function goPodSpec(spec: Fields): Readonly<Record<string, unknown>> {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers, securityContext, ...rest } = spec;
  const context = isFields(securityContext) ? securityContext : {};
  const shared = { ...context, hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers };
  return goValue('PodSpec', { ...rest, securityContext: shared });
}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** As json.MarshalIndent(value, "", " ") writes it. */
export const goIndented = (value: unknown): string =>
  JSON.stringify(value, null, 1).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character);
