/**
 * JSON patch, RFC 6902, with the liberties that kube-apiserver's library takes: negative indices count from the end,
 * `replace` adds a missing member, `test` holds for a missing member and null, and `copy` of one makes null.
 */
import { deepEqual } from './equal.ts';
import { cloneJson, DepthError, getOwn, isJsonObject, type JsonObject, setOwn } from './json.ts';
import { goJsonKind, PatchError } from './patch-error.ts';

const MAX_OPERATIONS = 10_000;
/** Copies may not add more than this many bytes of JSON together, lest a short patch make a huge object. */
const MAX_COPIED = 3 * 1024 * 1024;

type Container = JsonObject | unknown[];

/** The patched value; inputs stay as they are. Throws PatchError. */
export function applyJsonPatch(original: unknown, operations: unknown): unknown {
  if (operations === null) return original;
  checkOperations(operations);
  if (operations.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`;
    throw new PatchError('too large', message);
  }
  try {
    const document = new Document(cloneJson(original));
    for (const operation of operations) document.apply(operation);
    return document.root;
  } catch (error) {
    if (error instanceof DepthError) throw new PatchError('bad', error.message);
    throw error;
  }
}

function checkOperations(operations: unknown): asserts operations is readonly JsonObject[] {
  const bad = (got: unknown, into: string) =>
    new PatchError('bad', `error decoding patch: json: cannot unmarshal ${goJsonKind(got)} into Go ${into}`);
  if (!Array.isArray(operations)) throw bad(operations, 'value of type []handlers.jsonPatchOp');
  for (const operation of operations) {
    // Decoded to an operation without members, which does not apply.
    if (operation === null) throw refuse('Unexpected kind: unknown');
    if (!isJsonObject(operation)) throw bad(operation, 'value of type handlers.jsonPatchOp');
    for (const name of ['op', 'path', 'from'] as const) {
      const value = getOwn(operation, name);
      if (value === undefined || value === null || typeof value === 'string') continue;
      throw bad(value, `struct field jsonPatchOp.${name} of type string`);
    }
  }
}

const refuse = (message: string) => new PatchError('unprocessable', message);
const missing = 'missing value';

class Document {
  root: unknown;
  #copied = 0;

  constructor(root: unknown) {
    this.root = root;
  }

  apply(operation: JsonObject): void {
    const kind = getOwn(operation, 'op');
    const value = getOwn(operation, 'value');
    switch (kind) {
      case 'add':
        this.#add(member(operation, 'path', kind), cloneJson(value ?? null));
        return;
      case 'remove': {
        const path = member(operation, 'path', kind);
        const at = this.#find(path);
        if (!at) throw refuse(`remove operation does not apply: doc is missing path: "${path}": ${missing}`);
        during('remove', path, () => remove(at.container, at.key));
        return;
      }
      case 'replace':
        this.#replace(member(operation, 'path', kind), cloneJson(value ?? null));
        return;
      case 'move': {
        const from = member(operation, 'from', kind);
        const at = this.#find(from);
        if (!at) throw refuse(`move operation does not apply: doc is missing from path: ${from}: ${missing}`);
        const moved = during('move', at.key, () => {
          const found = get(at.container, at.key);
          remove(at.container, at.key);
          return found;
        });
        const path = member(operation, 'path', kind);
        const to = this.#find(path);
        if (!to) throw refuse(`move operation does not apply: doc is missing destination path: ${path}: ${missing}`);
        during('move', path, () => insert(to.container, to.key, moved ?? null));
        return;
      }
      case 'copy':
        this.#copy(member(operation, 'from', kind), member(operation, 'path', kind));
        return;
      case 'test':
        this.#test(member(operation, 'path', kind), value);
        return;
      default:
        throw refuse(`Unexpected kind: ${typeof kind === 'string' ? kind : 'unknown'}`);
    }
  }

  #add(path: string, value: unknown): void {
    const at = this.#find(path);
    if (!at) throw refuse(`add operation does not apply: doc is missing path: "${path}": ${missing}`);
    during('add', path, () => insert(at.container, at.key, value));
  }

  #replace(path: string, value: unknown): void {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw refuse('replace operation value must be object or array');
      this.root = value;
      return;
    }
    const at = this.#find(path);
    if (!at) throw refuse(`replace operation does not apply: doc is missing path: ${path}: ${missing}`);
    if (Array.isArray(at.container)) {
      const i = elementIndex(at.container, at.key);
      if (i === undefined) throw refuse(`replace operation does not apply: doc is missing key: ${path}: ${missing}`);
      at.container[i] = value;
    } else setOwn(at.container, at.key, value);
  }

  #copy(from: string, path: string): void {
    const source = this.#find(from);
    if (!source) throw refuse(`copy operation does not apply: doc is missing from path: ${from}: ${missing}`);
    const found = during('copy', from, () => get(source.container, source.key)) ?? null;
    const to = this.#find(path);
    if (!to) throw refuse(`copy operation does not apply: doc is missing destination path: ${path}: ${missing}`);
    this.#copied += JSON.stringify(found).length;
    if (this.#copied > MAX_COPIED) {
      throw refuse(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${MAX_COPIED}`,
      );
    }
    insert(to.container, to.key, cloneJson(found));
  }

  #test(path: string, expected: unknown): void {
    let actual: unknown = this.root;
    if (path !== '') {
      const at = this.#find(path);
      if (!at) throw refuse(`test operation does not apply: is missing path: ${path}: ${missing}`);
      actual = during('test', path, () => get(at.container, at.key));
    }
    if (!deepEqual(actual ?? null, expected ?? null)) throw refuse(`testing value ${path} failed: test failed`);
  }

  /** The container that the last step of a JSON pointer is in; undefined when the way there does not exist. */
  #find(path: string): { container: Container; key: string } | undefined {
    const steps = path.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const key = steps.pop();
    if (key === undefined || steps.length === 0) return undefined;
    let at: unknown = this.root;
    for (const step of steps.slice(1)) {
      if (Array.isArray(at)) {
        const i = elementIndex(at, step);
        at = i === undefined ? undefined : at[i];
      } else at = isJsonObject(at) ? getOwn(at, step) : undefined;
    }
    return isJsonObject(at) || Array.isArray(at) ? { container: at, key } : undefined;
  }
}

function member(operation: JsonObject, name: 'path' | 'from', kind: string): string {
  const value = getOwn(operation, name);
  if (typeof value !== 'string') throw refuse(`${kind} operation failed to decode ${name}: ${missing}`);
  return value;
}

/** Puts before an error which operation it happened in. */
function during<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof PatchError) throw refuse(`error in ${operation} for path: '${path}': ${error.message}`);
    throw error;
  }
}

function parseIndex(key: string): number | undefined {
  return /^[+-]?[0-9]{1,15}$/.test(key) ? Number(key) : undefined;
}

/** The position of an existing element; negative ones count from the end. */
function elementIndex(list: readonly unknown[], key: string): number | undefined {
  const i = parseIndex(key);
  if (i === undefined || i >= list.length || i < -list.length) return undefined;
  return i < 0 ? i + list.length : i;
}

function existing(list: readonly unknown[], key: string): number {
  const i = elementIndex(list, key);
  if (i !== undefined) return i;
  const number = parseIndex(key);
  if (number === undefined) throw refuse(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
  throw refuse(`Unable to access invalid index: ${number}: invalid index referenced`);
}

function get(container: Container, key: string): unknown {
  return Array.isArray(container) ? container[existing(container, key)] : getOwn(container, key);
}

function remove(container: Container, key: string): void {
  if (Array.isArray(container)) container.splice(existing(container, key), 1);
  else if (!Object.hasOwn(container, key)) throw refuse(`Unable to remove nonexistent key: ${key}: ${missing}`);
  else delete container[key];
}

function insert(container: Container, key: string, value: unknown): void {
  if (!Array.isArray(container)) {
    setOwn(container, key, value);
    return;
  }
  if (key === '-') {
    container.push(value);
    return;
  }
  const i = parseIndex(key);
  if (i === undefined) throw refuse(`value was not a proper array index: '${key}': invalid syntax`);
  if (i > container.length || i < -container.length - 1) {
    throw refuse(`Unable to access invalid index: ${i}: invalid index referenced`);
  }
  container.splice(i < 0 ? i + container.length + 1 : i, 0, value);
}
