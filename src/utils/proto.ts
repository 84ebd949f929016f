import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';

interface Field {
  readonly type: string;
  readonly id: number;
  readonly rule?: 'repeated';
  readonly keyType?: string;
}

type Nested = Record<
  string,
  | { fields: Record<string, Field> }
  | { values: Record<string, number> }
  | {
      methods: Record<
        string,
        { requestType: string; responseType: string; responseStream?: true; requestStream?: true }
      >;
    }
>;

const blockPattern = /(message|enum|service)\s+(\w+)\s*\{([^}]*)\}/g;
const fieldPattern = /^(?:(repeated)\s+)?(?:map<\s*(\w+)\s*,\s*([\w.]+)\s*>|([\w.]+))\s+(\w+)\s*=\s*(\d+)$/;
const valuePattern = /^(\w+)\s*=\s*(\d+)$/;
const rpcPattern = /^rpc\s+(\w+)\s*\((stream\s+)?(\w+)\)\s*returns\s*\((stream\s+)?(\w+)\)$/;

/**
 * Loads the part of protobuf's language that gRPC services need from text held in the program (a bundle has no .proto
 * files beside it): flat messages, enums and services, statements ended by `;`, comments. No nesting, imports or oneof.
 * Values come out with camelCase names, int64 as decimal strings, enums as their names, and defaults filled in.
 */
export function loadProto(packageName: string, source: string): PackageDefinition {
  const nested: Nested = {};
  for (const [, keyword, name, body] of source.replace(/\/\/[^\n]*/g, '').matchAll(blockPattern)) {
    const statements = (body ?? '')
      .split(';')
      .map((s) => s.trim())
      .filter(Boolean);
    if (keyword === 'message') nested[name as string] = { fields: Object.fromEntries(statements.map(field)) };
    else if (keyword === 'enum') nested[name as string] = { values: Object.fromEntries(statements.map(value)) };
    else nested[name as string] = { methods: Object.fromEntries(statements.map(method)) };
  }
  let root: { nested: Nested | Record<string, unknown> } = { nested };
  for (const part of packageName.split('.').reverse()) root = { nested: { [part]: root } };
  return fromJSON(root as Parameters<typeof fromJSON>[0], { longs: String, enums: String, defaults: true });
}

function field(statement: string): [string, Field] {
  const m = fieldPattern.exec(statement);
  if (!m) throw new Error(`proto: not a field: ${statement}`);
  const [, rule, keyType, valueType, type, name, id] = m;
  return [
    camelCase(name as string),
    {
      type: (valueType ?? type) as string,
      id: Number(id),
      ...(rule && { rule: 'repeated' }),
      ...(keyType && { keyType }),
    },
  ];
}

function value(statement: string): [string, number] {
  const m = valuePattern.exec(statement);
  if (!m) throw new Error(`proto: not an enum value: ${statement}`);
  return [m[1] as string, Number(m[2])];
}

function method(statement: string): [string, { requestType: string; responseType: string; responseStream?: true }] {
  const m = rpcPattern.exec(statement);
  if (!m) throw new Error(`proto: not an rpc: ${statement}`);
  return [
    m[1] as string,
    {
      requestType: m[3] as string,
      responseType: m[5] as string,
      ...(m[2] && { requestStream: true }),
      ...(m[4] && { responseStream: true }),
    },
  ];
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
}
