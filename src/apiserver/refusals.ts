import type { ApiError } from '../api/errors.ts';
import type { AuthorizerAttributes } from './admission.ts';

/** Who said no to a request, beside what the client is told: for the log of refused requests. */
export type Refusal =
  /** `why` is for the cluster's owner alone; nothing of the credentials is in it. */
  | { readonly by: 'authenticator'; readonly why: string }
  | { readonly by: 'authorizer'; readonly attributes: AuthorizerAttributes; readonly reason: string }
  | { readonly by: 'admission plugin'; readonly plugin: string }
  /** Too much to do; by whose level of priority and fairness, where that is on. */
  | { readonly by: 'limit'; readonly flowSchema?: string; readonly priorityLevel?: string };

const refusals = new WeakMap<object, Refusal>();

/** Remembers who raised an error; the first who says so is right. Returns the error. */
export function refusedBy<E extends ApiError>(error: E, refusal: Refusal): E {
  if (!refusals.has(error)) refusals.set(error, refusal);
  return error;
}

export const refusalOf = (error: ApiError): Refusal | undefined => refusals.get(error);
