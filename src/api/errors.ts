import { aggregate, type FieldError } from '../schema/field-error.ts';
import { quote } from '../schema/quote.ts';
import type { Status, StatusCause, StatusDetails } from './meta/v1.gen.ts';
import { type GroupResource, groupResourceName } from './resource.ts';

/** Every way in which a request fails: metav1.StatusReason and its HTTP code. */
const codes = {
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  Invalid: 422,
  ServerTimeout: 500,
  Timeout: 504,
  TooManyRequests: 429,
  BadRequest: 400,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  InternalError: 500,
  ServiceUnavailable: 503,
} as const;
export type StatusReason = keyof typeof codes;

/** An answer other than success. What a client sees is `status`; nothing else of the error leaves the server. */
export class ApiError extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'unknown error');
    this.name = 'ApiError';
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

function fail(reason: StatusReason, message: string, details?: StatusDetails): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code: codes[reason],
  });
}

const about = (gr: GroupResource, name: string): StatusDetails => ({
  ...(name && { name }),
  ...(gr.group && { group: gr.group }),
  ...(gr.resource && { kind: gr.resource }),
});

/** The one table of errors, in Kubernetes' words (k8s.io/apimachinery/pkg/api/errors). */
export const errors = {
  notFound: (gr: GroupResource, name: string) =>
    fail('NotFound', `${groupResourceName(gr)} ${quote(name)} not found`, about(gr, name)),
  /** No such path, or a resource that this server does not have. */
  notFoundPath: () => fail('NotFound', 'the server could not find the requested resource', {}),
  alreadyExists: (gr: GroupResource, name: string) =>
    fail('AlreadyExists', `${groupResourceName(gr)} ${quote(name)} already exists`, about(gr, name)),
  generateNameConflict: (gr: GroupResource, name: string) =>
    fail(
      'AlreadyExists',
      `${groupResourceName(gr)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`,
      { ...about(gr, name), retryAfterSeconds: 1 },
    ),
  unauthorized: (message = 'Unauthorized') => fail('Unauthorized', message),
  forbidden: (gr: GroupResource, name: string, why: string) =>
    fail(
      'Forbidden',
      gr.resource === ''
        ? `forbidden: ${why}`
        : name === ''
          ? `${groupResourceName(gr)} is forbidden: ${why}`
          : `${groupResourceName(gr)} ${quote(name)} is forbidden: ${why}`,
      about(gr, name),
    ),
  conflict: (gr: GroupResource, name: string, why: string) =>
    fail(
      'Conflict',
      `Operation cannot be fulfilled on ${groupResourceName(gr)} ${quote(name)}: ${why}`,
      about(gr, name),
    ),
  applyConflict: (causes: readonly StatusCause[], message: string) => fail('Conflict', message, { causes }),
  gone: (message: string) => fail('Gone', message),
  expired: (message: string) => fail('Expired', message),
  invalid: (kind: { readonly group: string; readonly kind: string }, name: string, list: readonly FieldError[]) => {
    const where = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
    return fail('Invalid', `${where} ${quote(name)} is invalid${list.length ? `: ${aggregate(list)}` : ''}`, {
      ...(name && { name }),
      ...(kind.group && { group: kind.group }),
      ...(kind.kind && { kind: kind.kind }),
      causes: list.map((e) => ({ reason: e.type, message: e.body, field: e.field })),
    });
  },
  badRequest: (message: string) => fail('BadRequest', message),
  tooManyRequests: (message: string, retryAfterSeconds?: number) =>
    fail('TooManyRequests', message, retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }),
  serviceUnavailable: (message: string) => fail('ServiceUnavailable', message),
  methodNotSupported: (gr: GroupResource, action: string) =>
    fail(
      'MethodNotAllowed',
      `${action} is not supported on resources of kind ${quote(groupResourceName(gr))}`,
      about(gr, ''),
    ),
  /** The path exists, the method does not. */
  methodNotAllowed: () =>
    fail('MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
  serverTimeout: (gr: GroupResource, operation: string, retryAfterSeconds: number) =>
    fail(
      'ServerTimeout',
      `The ${operation} operation against ${groupResourceName(gr)} could not be completed at this time, please try again.`,
      { ...about(gr, operation), retryAfterSeconds },
    ),
  /** An error that Kubernetes has no reason for: it says what its storage said, and 500. */
  unknown: (message: string) =>
    new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 }),
  internal: (why: string) => fail('InternalError', `Internal error occurred: ${why}`, { causes: [{ message: why }] }),
  timeout: (message: string, retryAfterSeconds: number) =>
    fail('Timeout', `Timeout: ${message}`, { retryAfterSeconds }),
  entityTooLarge: (message: string) => fail('RequestEntityTooLarge', `Request entity too large: ${message}`),
  notAcceptable: (accepted: readonly string[]) =>
    fail('NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`),
  unsupportedMediaType: (accepted: readonly string[]) =>
    fail(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    ),
};

/** Whether an error is an answer of that reason. */
export function isReason(error: unknown, ...reasons: readonly StatusReason[]): error is ApiError {
  return error instanceof ApiError && (reasons as readonly string[]).includes(error.reason);
}
export const isNotFound = (error: unknown): error is ApiError => isReason(error, 'NotFound');
export const isConflict = (error: unknown): error is ApiError => isReason(error, 'Conflict');
export const isAlreadyExists = (error: unknown): error is ApiError => isReason(error, 'AlreadyExists');

/** The namespace is going away, so that nothing can be created in it any more. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    !!error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating')
  );
}
