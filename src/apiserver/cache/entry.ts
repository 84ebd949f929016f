import type { KubeObject, Mutable } from '../../api/resource.ts';
import { deepFreeze } from '../../schema/freeze.ts';
import type { KeyValue } from '../../store/store.ts';
import { Slab } from '../../utils/slab.ts';
import type { Stored } from '../core.ts';
import { storedTexts } from './stored-text.ts';

const METADATA = Buffer.from('"metadata":{');
const UID = Buffer.from('"uid":"');
const [QUOTE = 0, BRACE = 0, COMMA = 0] = Buffer.from('"{,');
/** For values until they are in the store. */
const memory = new Slab();
const noLabels: Readonly<Record<string, string>> = Object.freeze({});

/**
 * An object at a revision: what the watch cache holds, lists return and events carry. It owns the JSON bytes, outside
 * V8's heap; the parsed object is only referred to weakly, so that it lives as long as somebody (an informer, a request)
 * has it in hand and a million objects do not burden the garbage collector. Labels and selectable fields are kept once
 * they were asked for.
 */
export class Entry implements Stored {
  readonly key: string;
  #revision = 0;
  #json: Buffer | undefined;
  /** Where the digits of the resourceVersion start in the bytes. */
  #at = 0;
  /** The writer's own copy until the write commits. */
  #draft: Mutable<KubeObject> | undefined;
  #object: WeakRef<KubeObject> | undefined;
  #labels: Readonly<Record<string, string>> | undefined;
  #fields: Readonly<Record<string, string>> | undefined;

  private constructor(key: string) {
    this.key = key;
  }

  /** What is in the store; the writer's own entry when this process wrote it. */
  static fromStore(kv: KeyValue): Entry {
    if (kv.decoded instanceof Entry) {
      kv.decoded.commit(kv.value, kv.modRevision);
      return kv.decoded;
    }
    const entry = new Entry(kv.key);
    entry.#splice(kv.value, kv.modRevision);
    return entry;
  }

  /**
   * An object about to be written: `object` belongs to the entry from now on. Give `entry` to the store as `decoded`,
   * `value` as the value.
   */
  static forWrite(key: string, object: Mutable<KubeObject>): { entry: Entry; value: Buffer } {
    const entry = new Entry(key);
    entry.#draft = object;
    return { entry, value: memory.write(storedTexts(object)) };
  }

  /**
   * An object that is answered but not stored: dry runs, reviews, other versions of what is stored. The object keeps
   * whatever resourceVersion it has.
   */
  static unstored(key: string, revision: number, object: KubeObject): Stored {
    deepFreeze(object);
    let json: Buffer | undefined;
    return {
      key,
      revision,
      object,
      get json() {
        json ??= Buffer.from(JSON.stringify(object));
        return json;
      },
    };
  }

  /** The write took place. Whoever hears of it first calls this: the watch cache, or the writer. */
  commit(value: Buffer, revision: number): void {
    const draft = this.#draft;
    if (!draft) return;
    this.#draft = undefined;
    draft.metadata = versioned(draft.metadata, String(revision));
    deepFreeze(draft);
    this.#object = new WeakRef<KubeObject>(draft);
    this.#splice(value, revision);
  }

  #splice(value: Buffer, revision: number): void {
    const at = versionAt(value);
    const rv = `"resourceVersion":"${revision}",`;
    const json = Buffer.allocUnsafeSlow(value.length + rv.length);
    value.copy(json, 0, 0, at);
    json.write(rv, at, 'latin1');
    value.copy(json, at + rv.length, at);
    this.#json = json;
    this.#at = at + 19;
    this.#revision = revision;
  }

  /** Whether the stored bytes are these. */
  holds(value: Buffer): boolean {
    const { json } = this;
    const start = this.#at - 19;
    const end = this.#at + String(this.#revision).length + 2;
    return (
      json.length - (end - start) === value.length &&
      json.compare(value, 0, start, 0, start) === 0 &&
      json.compare(value, start, value.length, end, json.length) === 0
    );
  }

  get revision(): number {
    return this.#revision;
  }

  /** Bytes without the resourceVersion: how long the stored value is. */
  get size(): number {
    return this.json.length - String(this.#revision).length - 21;
  }

  get json(): Buffer {
    if (!this.#json) throw new Error(`${this.key} is not committed`);
    return this.#json;
  }

  get object(): KubeObject {
    let object = this.#object?.deref();
    if (!object) {
      // The bytes are this server's own: what it wrote, it decoded before.
      object = deepFreeze(JSON.parse(this.json.toString()) as KubeObject);
      this.#object = new WeakRef(object);
    }
    return object;
  }

  get labels(): Readonly<Record<string, string>> {
    this.#labels ??= this.object.metadata.labels ?? noLabels;
    return this.#labels;
  }

  /** The fields that the kind's strategy makes selectable; `select` must be the same function on every call. */
  fields(select: (object: KubeObject) => Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    this.#fields ??= select(this.object);
    return this.#fields;
  }

  /** The same state under another resourceVersion: what DELETED events carry. */
  at(revision: number): Entry {
    const old = this.json;
    const end = this.#at + String(this.#revision).length;
    const entry = new Entry(this.key);
    const digits = String(revision);
    entry.#json = Buffer.concat([old.subarray(0, this.#at), Buffer.from(digits), old.subarray(end)]);
    entry.#at = this.#at;
    entry.#revision = revision;
    const object = this.#object?.deref();
    if (object) {
      const moved = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: digits } });
      entry.#object = new WeakRef<KubeObject>(moved);
    }
    entry.#labels = this.#labels;
    entry.#fields = this.#fields;
    return entry;
  }
}

/** Where a resourceVersion belongs in stored bytes: behind the uid, as Kubernetes has it, before whatever follows. */
function versionAt(value: Buffer): number {
  const start = value.indexOf(METADATA) + METADATA.length;
  const uid = value.indexOf(UID, start);
  const end = uid < 0 ? -1 : value.indexOf(QUOTE, uid + UID.length) + 1;
  // Names and namespaces have no braces: behind one this is another uid.
  const inner = value.indexOf(BRACE, start);
  return end > 0 && value[end] === COMMA && (inner < 0 || inner > uid) ? end + 1 : start;
}

/** The metadata with a resourceVersion where its bytes have it. */
function versioned(meta: Mutable<KubeObject>['metadata'], resourceVersion: string): Mutable<KubeObject>['metadata'] {
  const { uid, name, generateName, namespace, selfLink, resourceVersion: _, ...rest } = meta;
  return {
    name,
    ...(generateName !== undefined && { generateName }),
    ...(namespace !== undefined && { namespace }),
    ...(selfLink !== undefined && { selfLink }),
    uid,
    resourceVersion,
    ...rest,
  };
}
