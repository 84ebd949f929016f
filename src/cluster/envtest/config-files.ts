/** The file of --authorization-config, as far as a test's API server heeds it. */
import { parse } from 'yaml';
import { FlagError } from './values.ts';

/**
 * The modes that the authorizers of a file come to. Throws a FlagError for webhooks, which are not asked here.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#using-configuration-file-for-authorization
 */
export function readAuthorizationConfig(text: string): string {
  const { authorizers } = object(decode(text, 'AuthorizationConfiguration'));
  if (!Array.isArray(authorizers) || authorizers.length === 0) {
    throw new FlagError('authorizers: Required value: at least one authorization mode must be defined');
  }
  return authorizers
    .map((authorizer) => {
      const { type } = object(authorizer);
      if (type !== 'Node' && type !== 'RBAC' && type !== 'AlwaysAllow' && type !== 'AlwaysDeny') {
        throw new FlagError(`Skiff's API server for tests has no authorizer of type ${JSON.stringify(type)}`);
      }
      return type;
    })
    .join(',');
}

function decode(text: string, kind: string): unknown {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new FlagError((error as Error).message);
  }
  if (object(value).kind !== kind) throw new FlagError(`not a file of kind ${kind}`);
  return value;
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FlagError('expected an object');
  return value as Readonly<Record<string, unknown>>; // by the checks above
}
