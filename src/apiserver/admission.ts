import type { KubeObject, Mutable } from '../api/resource.ts';
import type { DeleteParameters, RequestContext, Target, WriteParameters } from './core.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest {
  readonly operation: AdmissionOperation;
  readonly context: RequestContext;
  readonly target: Target;
  /** The new object; undefined for DELETE. In the mutating phase it may be changed in place. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly dryRun: boolean;
  /** As the client gave them; undefined for CONNECT. */
  readonly options?: WriteParameters | DeleteParameters;
  /**
   * The name that admission sees where it is not the target's: the new object's own, which an object whose name is
   * generated does not have; "" for those of a collection.
   */
  readonly name?: string;
}

/**
 * What the mutating plugins of one request know of each other. Where one changes what others have seen already, all run
 * once more; those that come from outside look at `again` and decide whether they are concerned.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy
 */
export interface Reinvocation {
  /** Whether this is the second round. */
  readonly again: boolean;
  /** Asks for a second round. */
  request(): void;
  /** What plugins keep between the rounds, by their names. */
  readonly state: Map<string, unknown>;
}

/** A built-in admission plugin, named as Kubernetes names it. Refuses by throwing an ApiError (usually forbidden). */
export interface AdmissionPlugin {
  readonly name: string;
  /** Which requests it wants; the rest skip it at no cost. */
  readonly handles: (operation: AdmissionOperation, group: string, resource: string, subresource: string) => boolean;
  /** Whether it has nothing to do at present, whatever is asked: no webhook, no policy. Asked of every request. */
  idle?(): boolean;
  admit?(
    request: AdmissionRequest & { readonly object: Mutable<KubeObject> | undefined },
    reinvocation: Reinvocation,
  ): Promise<void> | void;
  validate?(request: AdmissionRequest): Promise<void> | void;
}

/** What a request asks for, in the authorizer's words. */
export interface AuthorizerAttributes {
  readonly user: import('./user.ts').UserInfo;
  readonly verb: string;
  /** For resources. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Of list, watch and deletecollection, as the client wrote it, or in parts; what a node may list depends on it. */
  readonly fieldSelector?: string | readonly import('../api/fields.ts').FieldRequirement[];
  readonly labelSelector?: string | readonly import('../api/labels.ts').Requirement[];
  /** For everything else: the path, and resource is "". */
  readonly path: string;
}

export interface AuthorizerDecision {
  readonly allowed: boolean;
  /** Refused for good: no further authorizer is asked. Never with `allowed`. */
  readonly denied?: boolean;
  /** Why, for the message and the audit log. */
  readonly reason: string;
  /** What went wrong in deciding; a request that is not allowed then fails for that, and not for want of permission. */
  readonly error?: string;
}

export interface Authorizer {
  /** Answers in the same turn where it can; a promise costs every request. */
  authorize(attributes: AuthorizerAttributes): AuthorizerDecision | Promise<AuthorizerDecision>;
}
