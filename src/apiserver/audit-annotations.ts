import { qualifiedNameProblems } from '../api/names.ts';
import type { KubeObject } from '../api/resource.ts';
import type { AuthorizerDecision } from './admission.ts';

/** From which level of audit events on an annotation is told. https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/ */
export type AuditLevel = 'Metadata' | 'Request';

/** What webhooks and policies want the audit event of a request to say. */
export interface AuditAnnotations {
  /** The first value of a key counts. What is no name with a prefix is left out. */
  add(key: string, value: string, level?: AuditLevel): void;
}

/** The most that one request may collect, in characters: policies and webhooks are other people's. */
const MAX_SIZE = 1 << 20;
/** The most annotations of a request that is not recorded. */
const MAX_NOTED = 64;

/** Annotations of one request, for its audit event. */
export class CollectedAnnotations implements AuditAnnotations {
  readonly #values = new Map<string, { readonly value: string; readonly level: AuditLevel }>();
  #size = 0;

  add(key: string, value: string, level: AuditLevel = 'Metadata'): void {
    if (this.#values.has(key) || key.split('/').length !== 2 || qualifiedNameProblems(key).length > 0) return;
    this.#size += key.length + value.length;
    if (this.#size > MAX_SIZE) return;
    this.#values.set(key, { value, level });
  }

  /** What an event of the level says; `RequestResponse` says what `Request` does. */
  at(level: AuditLevel): Readonly<Record<string, string>> {
    const shown = [...this.#values].filter(([, one]) => level === 'Request' || one.level === 'Metadata');
    return Object.fromEntries(shown.map(([key, { value }]) => [key, value]));
  }
}

/** What one request notes where nobody may ever ask: kept as it comes, looked at when somebody does. */
export class NotedAnnotations implements AuditAnnotations {
  readonly #noted: (readonly [key: string, value: string, level: AuditLevel])[] = [];

  add(key: string, value: string, level: AuditLevel = 'Metadata'): void {
    if (this.#noted.length < MAX_NOTED) this.#noted.push([key, value, level]);
  }

  at(level: AuditLevel): Readonly<Record<string, string>> {
    const collected = new CollectedAnnotations();
    for (const [key, value, from] of this.#noted) collected.add(key, value, from);
    return collected.at(level);
  }
}

/** Hears what becomes of a request on its way, for its audit event. */
export interface RequestObserver {
  /** What the authorizer said of the request itself; the first answer counts. */
  decided(decision: AuthorizerDecision): void;
  /** The object that came with the request, defaults filled in, before admission sees it. Not kept, not changed. */
  decoded(object: KubeObject): void;
  /** The patch that came with the request. */
  patched(patch: unknown): void;
}
