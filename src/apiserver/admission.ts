import type { KubeObject, Mutable } from '../api/resource.ts';
import type { RequestContext, Target } from './core.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest {
  readonly operation: AdmissionOperation;
  readonly context: RequestContext;
  readonly target: Target;
  /** The new object; undefined for DELETE. In the mutating phase it may be changed in place. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly dryRun: boolean;
}

/** A built-in admission plugin, named as Kubernetes names it. Refuses by throwing an ApiError (usually forbidden). */
export interface AdmissionPlugin {
  readonly name: string;
  /** Which requests it wants; the rest skip it at no cost. */
  readonly handles: (operation: AdmissionOperation, group: string, resource: string, subresource: string) => boolean;
  admit?(request: AdmissionRequest & { readonly object: Mutable<KubeObject> | undefined }): Promise<void> | void;
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
  /** Of list, watch and deletecollection, as the client wrote it; what a node may list depends on it. */
  readonly fieldSelector?: string;
  /** For everything else: the path, and resource is "". */
  readonly path: string;
}

export interface AuthorizerDecision {
  readonly allowed: boolean;
  /** Why, for the message and the audit log. */
  readonly reason: string;
}

export interface Authorizer {
  /** Answers in the same turn where it can; a promise costs every request. */
  authorize(attributes: AuthorizerAttributes): AuthorizerDecision | Promise<AuthorizerDecision>;
}
