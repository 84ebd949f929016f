import { errors } from '../../api/errors.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import type { WatchParameters } from '../core.ts';

const MAX = 2n ** 64n - 1n;

/**
 * The revision that a resourceVersion of a request names; undefined for "", which asks for the newest state.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
function parseResourceVersion(text: string | undefined): { revision: number } | { why: string } | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d+$/.test(text)) return { why: `strconv.ParseUint: parsing ${quote(text)}: invalid syntax` };
  if (BigInt(text) > MAX) return { why: `strconv.ParseUint: parsing ${quote(text)}: value out of range` };
  return { revision: Number(text) };
}

const complaint = (text: string | undefined, why: string): string =>
  `resourceVersion: Invalid value: ${quote(text ?? '')}: ${why}`;

/** For lists; throws BadRequest. */
export function listRevision(text: string | undefined): number | undefined {
  const parsed = parseResourceVersion(text);
  if (parsed && 'why' in parsed) throw errors.badRequest(`invalid resource version: ${complaint(text, parsed.why)}`);
  return parsed?.revision;
}

/** For get and watch, which leave it at an error without a reason. */
export function readRevision(text: string | undefined): number | undefined {
  const parsed = parseResourceVersion(text);
  if (parsed && 'why' in parsed) throw errors.unknown(complaint(text, parsed.why));
  return parsed?.revision;
}

const matches = ['Exact', 'NotOlderThan', ''];
const MATCH = Path.of('resourceVersionMatch');
const INITIAL = Path.of('sendInitialEvents');

/** Refuses combinations of options that have no meaning. */
export function validateListOptions(options: WatchParameters, watch: boolean): void {
  const found = watch ? watchComplaints(options) : listComplaints(options);
  if (found.length > 0) throw errors.invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', found);
}

function listComplaints(options: WatchParameters): FieldError[] {
  const found: FieldError[] = [];
  const match = options.resourceVersionMatch;
  if (match) {
    if (!options.resourceVersion) {
      found.push(fieldErrors.forbidden(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    }
    if (options.continue) {
      found.push(fieldErrors.forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    }
    if (!matches.includes(match)) found.push(fieldErrors.notSupported(MATCH, match, matches));
    if (match === 'Exact' && options.resourceVersion === '0') {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      found.push(fieldErrors.forbidden(MATCH, why));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    found.push(fieldErrors.forbidden(INITIAL, 'sendInitialEvents is forbidden for list'));
  }
  return found;
}

function watchComplaints(asked: WatchParameters): FieldError[] {
  const found: FieldError[] = [];
  const options = { ...asked, ...initialByDefault(asked) };
  const match = options.resourceVersionMatch;
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    found.push(fieldErrors.forbidden(MATCH, why));
  }
  if (match) {
    if (options.sendInitialEvents === undefined) {
      const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
      found.push(fieldErrors.forbidden(MATCH, why));
    }
    if (match !== 'NotOlderThan') found.push(fieldErrors.notSupported(MATCH, match, ['NotOlderThan']));
    if (options.continue) {
      found.push(fieldErrors.forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    }
  }
  return found;
}

/** A watch from no revision in particular begins with the state, whether it says so or not. */
function initialByDefault(options: WatchParameters): WatchParameters | undefined {
  const { sendInitialEvents, resourceVersionMatch, resourceVersion } = options;
  if (sendInitialEvents !== undefined || resourceVersionMatch) return undefined;
  return resourceVersion === undefined || resourceVersion === '0'
    ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
    : undefined;
}
