import { errors } from '../../api/errors.ts';
import type { DeleteParameters, ListParameters, PatchParameters, WatchParameters, WriteParameters } from '../core.ts';
import { booleanParameter } from './request-info.ts';

const none = new URLSearchParams();

/**
 * The options of a request from its query; the core judges them.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/common-parameters/
 */
export function listOptions(query: URLSearchParams = none): ListParameters {
  if (query.size === 0) return {};
  // A list does not take sendInitialEvents, and says so.
  const sendInitialEvents = booleanParameter(query, 'sendInitialEvents');
  return { ...selection(query), ...(sendInitialEvents !== undefined && { sendInitialEvents }) };
}

export function watchOptions(query: URLSearchParams = none): WatchParameters {
  return {
    ...selection(query),
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    sendInitialEvents: booleanParameter(query, 'sendInitialEvents'),
    timeoutSeconds: integerParameter(query, 'timeoutSeconds'),
  };
}

/** What a deletion of a collection goes by; a time that cannot be read is refused, though nothing waits that long. */
export function deletedSelection(query: URLSearchParams = none): ListParameters {
  integerParameter(query, 'timeoutSeconds');
  return listOptions(query);
}

function selection(query: URLSearchParams): ListParameters {
  return {
    labelSelector: query.get('labelSelector') || undefined,
    fieldSelector: query.get('fieldSelector') || undefined,
    resourceVersion: query.get('resourceVersion') || undefined,
    resourceVersionMatch: query.get('resourceVersionMatch') || undefined,
    limit: integerParameter(query, 'limit') || undefined,
    continue: query.get('continue') || undefined,
  };
}

export function writeOptions(query: URLSearchParams = none): WriteParameters {
  if (query.size === 0) return {};
  const dryRun = query.getAll('dryRun');
  return {
    dryRun: dryRun.length > 0 ? dryRun : undefined,
    fieldManager: query.get('fieldManager') || undefined,
    fieldValidation: query.get('fieldValidation') || undefined,
  };
}

export function patchOptions(query: URLSearchParams = none): PatchParameters {
  return { ...writeOptions(query), force: booleanParameter(query, 'force') };
}

/** DeleteOptions of a query; a body, where there is one, is read instead. */
export function deleteOptionsOfQuery(query: URLSearchParams = none): DeleteParameters {
  const dryRun = query.getAll('dryRun');
  const preconditions = {
    ...(query.get('uid') && { uid: query.get('uid') as string }),
    ...(query.get('resourceVersion') && { resourceVersion: query.get('resourceVersion') as string }),
  };
  return {
    ...(Object.keys(preconditions).length > 0 && { preconditions }),
    gracePeriodSeconds: integerParameter(query, 'gracePeriodSeconds'),
    orphanDependents: booleanParameter(query, 'orphanDependents'),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    dryRun: dryRun.length > 0 ? dryRun : undefined,
  };
}

/** Go's strconv.ParseInt of a query parameter, its words included. */
function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text))
    throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (Math.abs(value) > 2 ** 63 - 1024)
    throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}
