import { errors } from '../../api/errors.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type {
  DeleteParameters,
  ListParameters,
  PatchParameters,
  PatchType,
  WatchParameters,
  WriteParameters,
} from '../core.ts';
import { booleanParameter } from './request-info.ts';

const none = new URLSearchParams();

/**
 * The options of a request from its query, read and judged as kube-apiserver does: 400 for what cannot be read, 422
 * for what makes no sense. https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/common-parameters/
 */
export function listOptions(query: URLSearchParams = none): ListParameters {
  if (query.size === 0) return {};
  const options = selection(query);
  const complaints: FieldError[] = [];
  const match = options.resourceVersionMatch;
  const path = Path.of('resourceVersionMatch');
  if (match) {
    if (!options.resourceVersion)
      complaints.push(
        fieldErrors.forbidden(path, 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
      );
    if (options.continue)
      complaints.push(fieldErrors.forbidden(path, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan')
      complaints.push(fieldErrors.notSupported(path, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && options.resourceVersion === '0')
      complaints.push(fieldErrors.forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (query.has('sendInitialEvents'))
    complaints.push(fieldErrors.forbidden(Path.of('sendInitialEvents'), 'sendInitialEvents is forbidden for list'));
  refuse('ListOptions', complaints);
  return options;
}

export function watchOptions(query: URLSearchParams = none): WatchParameters {
  const options = selection(query);
  const sendInitialEvents = booleanParameter(query, 'sendInitialEvents');
  const complaints: FieldError[] = [];
  const match = options.resourceVersionMatch;
  const path = Path.of('resourceVersionMatch');
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    complaints.push(
      fieldErrors.forbidden(path, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    );
  if (match) {
    if (sendInitialEvents === undefined)
      complaints.push(
        fieldErrors.forbidden(path, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      );
    if (match !== 'NotOlderThan') complaints.push(fieldErrors.notSupported(path, match, ['NotOlderThan']));
    if (options.continue)
      complaints.push(fieldErrors.forbidden(path, 'resourceVersionMatch is forbidden when continue is provided'));
  }
  refuse('ListOptions', complaints);
  return {
    ...options,
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    sendInitialEvents,
    timeoutSeconds: integerParameter(query, 'timeoutSeconds'),
  };
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

export function writeOptions(kind: 'CreateOptions' | 'UpdateOptions', query: URLSearchParams = none): WriteParameters {
  if (query.size === 0) return {};
  const options = write(query);
  refuse(kind, writeComplaints(options));
  return options;
}

export function patchOptions(type: PatchType, query: URLSearchParams = none): PatchParameters {
  const options = write(query);
  const force = booleanParameter(query, 'force');
  const complaints: FieldError[] = [];
  if (type === 'apply') {
    if (!options.fieldManager)
      complaints.push(fieldErrors.required(Path.of('fieldManager'), 'is required for apply patch'));
  } else if (force !== undefined) {
    complaints.push(fieldErrors.forbidden(Path.of('force'), 'may not be specified for non-apply patch'));
  }
  complaints.push(...writeComplaints(options));
  refuse('PatchOptions', complaints);
  return { ...options, force };
}

function write(query: URLSearchParams): WriteParameters {
  const dryRun = query.getAll('dryRun');
  return {
    dryRun: dryRun.length > 0 ? dryRun : undefined,
    fieldManager: query.get('fieldManager') || undefined,
    fieldValidation: query.get('fieldValidation') || undefined,
  };
}

const LONGEST_MANAGER = 128;
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

function writeComplaints(options: WriteParameters): FieldError[] {
  const complaints: FieldError[] = [];
  const { fieldManager, fieldValidation } = options;
  if (fieldManager) {
    const path = Path.of('fieldManager');
    if (Buffer.byteLength(fieldManager) > LONGEST_MANAGER) complaints.push(fieldErrors.tooLong(path, LONGEST_MANAGER));
    const bad = unprintable.exec(fieldManager);
    if (bad) {
      const code = (bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const position = Buffer.byteLength(fieldManager.slice(0, bad.index));
      complaints.push(fieldErrors.invalid(path, fieldManager, `invalid character U+${code} (at position ${position})`));
    }
  }
  complaints.push(...dryRunComplaints(options.dryRun));
  if (fieldValidation && !['Ignore', 'Strict', 'Warn'].includes(fieldValidation))
    complaints.push(
      fieldErrors.notSupported(Path.of('fieldValidation'), fieldValidation, ['', 'Ignore', 'Strict', 'Warn']),
    );
  return complaints;
}

function dryRunComplaints(dryRun: readonly string[] | undefined): FieldError[] {
  if (!dryRun || dryRun.every((value) => value === 'All')) return [];
  return [fieldErrors.notSupported(Path.of('dryRun'), dryRun, ['All'])];
}

/** DeleteOptions of a query; a body, where there is one, is read instead. */
export function deleteOptionsOfQuery(query: URLSearchParams = none): DeleteParameters {
  const dryRun = query.getAll('dryRun');
  return {
    gracePeriodSeconds: integerParameter(query, 'gracePeriodSeconds'),
    orphanDependents: booleanParameter(query, 'orphanDependents'),
    propagationPolicy: query.get('propagationPolicy') || undefined,
    dryRun: dryRun.length > 0 ? dryRun : undefined,
  };
}

export function validateDeleteOptions(options: DeleteParameters): void {
  const complaints: FieldError[] = [];
  const path = Path.of('propagationPolicy');
  const policy = options.propagationPolicy;
  if (options.orphanDependents !== undefined && policy !== undefined)
    complaints.push(fieldErrors.invalid(path, policy, 'orphanDependents and deletionPropagation cannot be both set'));
  const policies = ['Foreground', 'Background', 'Orphan'];
  if (policy !== undefined && !policies.includes(policy))
    complaints.push(fieldErrors.notSupported(path, policy, [...policies, 'nil']));
  complaints.push(...dryRunComplaints(options.dryRun));
  refuse('DeleteOptions', complaints);
}

function refuse(kind: string, complaints: readonly FieldError[]): void {
  if (complaints.length > 0) throw errors.invalid({ group: 'meta.k8s.io', kind }, '', complaints);
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
