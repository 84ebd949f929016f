import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';

/** A refused request, as an audit log tells of it. */
export interface Refused {
  readonly auditID: string;
  /** RFC 3339. */
  readonly time: string;
  readonly verb: string;
  readonly uri: string;
  /** "" where nobody found out who asks. */
  readonly user: string;
  readonly groups: readonly string[];
  /** Whom the user acts as; undefined: nobody else. */
  readonly as: { readonly name: string; readonly groups: readonly string[] } | undefined;
  readonly object: {
    readonly group: string;
    readonly resource: string;
    readonly subresource: string;
    readonly namespace: string;
    readonly name: string;
  };
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The most of a log that is read, from its end. Bytes. */
const MOST_BYTES = 32 * 1024 * 1024;

/** The refused requests of an audit log and the file before it, the oldest first. Lines that are none are passed over. */
export function readRefused(file: string): Refused[] {
  const files = [...olderFiles(file).slice(-1), file];
  const seen = new Map<string, Refused>();
  for (const line of files.flatMap((one) => textOf(one).split('\n'))) {
    const refused = line === '' ? undefined : refusedOf(line);
    // A log may tell of several stages: the last knows most.
    if (refused) seen.set(refused.auditID, refused);
  }
  return [...seen.values()];
}

function olderFiles(file: string): string[] {
  const extension = extname(file);
  const prefix = `${basename(file, extension)}-`;
  try {
    const names = readdirSync(dirname(file)).filter((name) => name.startsWith(prefix) && name.endsWith(extension));
    return names.sort().map((name) => join(dirname(file), name));
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  const { size } = statSync(file);
  const start = Math.max(0, size - MOST_BYTES);
  const buffer = Buffer.alloc(size - start);
  const open = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(open, buffer, 0, buffer.length, start));
  } finally {
    closeSync(open);
  }
}

const text = (from: JsonObject, key: string): string => {
  const value = from[key];
  return typeof value === 'string' ? value : '';
};
const within = (from: JsonObject, key: string): JsonObject => {
  const value = from[key];
  return isJsonObject(value) ? value : {};
};
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

function refusedOf(line: string): Refused | undefined {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    // A line that was being written.
    return undefined;
  }
  if (!isJsonObject(event) || event.kind !== 'Event') return undefined;
  const status = within(event, 'responseStatus');
  const { code } = status;
  if (typeof code !== 'number' || code < 400) return undefined;
  const annotations = within(event, 'annotations');
  if (!tellsNo(code, text(status, 'message'), annotations)) return undefined;
  const [user, as, object] = [within(event, 'user'), within(event, 'impersonatedUser'), within(event, 'objectRef')];
  return {
    auditID: text(event, 'auditID'),
    time: text(event, 'requestReceivedTimestamp'),
    verb: text(event, 'verb'),
    uri: text(event, 'requestURI'),
    user: text(user, 'username'),
    groups: texts(user.groups),
    as: text(as, 'username') === '' ? undefined : { name: text(as, 'username'), groups: texts(as.groups) },
    object: {
      group: text(object, 'apiGroup'),
      resource: text(object, 'resource'),
      subresource: text(object, 'subresource'),
      namespace: text(object, 'namespace'),
      name: text(object, 'name'),
    },
    code,
    reason: text(status, 'reason'),
    message: text(status, 'message'),
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, String(value)])),
  };
}

/** Of other servers' logs only the code and the message say that a request was refused. */
const tellsNo = (code: number, message: string, annotations: JsonObject): boolean =>
  [401, 403, 429].includes(code) ||
  annotations['refusal.skiff.dev/by'] !== undefined ||
  /^admission webhook |ValidatingAdmissionPolicy '/.test(message);
