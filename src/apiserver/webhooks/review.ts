/** What webhooks are asked, and what they may answer. https://kubernetes.io/docs/reference/config-api/apiserver-admission.v1/ */
import { randomUUID } from 'node:crypto';
import type { AdmissionResponse } from '../../api/admission/v1.gen.ts';
import { ApiError, errors } from '../../api/errors.ts';
import type { Status } from '../../api/meta/v1.gen.ts';
import { model } from '../../api/model.ts';
import { parseApiVersion } from '../../api/resource.ts';
import { DecodeError, decode } from '../../schema/decode.ts';
import { isJsonObject } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import { admissionRequest } from '../policies/admission-request.ts';
import type { Attributes } from '../policies/attributes.ts';
import type { Invocation } from './invocation.ts';

const GROUP = 'admission.k8s.io';
const VERSIONS: ReadonlySet<string> = new Set(['v1', 'v1beta1']);

export interface Review {
  readonly version: string;
  readonly uid: string;
  readonly body: object;
}

/** The AdmissionReview for a webhook that takes these versions; undefined where it takes none that there is. */
export function reviewFor(
  versions: readonly string[] | undefined,
  attributes: Attributes,
  { matched, object, oldObject }: Invocation,
): Review | undefined {
  const version = versions?.find((known) => VERSIONS.has(known));
  if (version === undefined) return undefined;
  const uid = randomUUID();
  const request = {
    ...admissionRequest(attributes, matched),
    uid,
    object: object ?? null,
    oldObject: oldObject ?? null,
  };
  return { version, uid, body: { kind: 'AdmissionReview', apiVersion: `${GROUP}/${version}`, request } };
}

/** What a webhook answered, looked over. `patch` is text, empty where there is none. */
export interface Answer {
  readonly allowed: boolean;
  readonly status: Status | undefined;
  readonly patch: string;
  readonly patchType: string;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** An answer that is none, in Kubernetes' words. */
export class BadAnswer extends Error {}

/** Throws BadAnswer, or DecodeError where the answer is no AdmissionReview. */
export function readReview({ version, uid }: Review, mutating: boolean, value: unknown): Answer {
  const response = responseOf(value, version);
  if (!response) throw new BadAnswer('webhook response was absent');
  const patch = response.patch ? Buffer.from(response.patch, 'base64').toString() : '';
  const answer = {
    allowed: response.allowed ?? false,
    status: response.status,
    patch: '',
    patchType: '',
    warnings: response.warnings ?? [],
    auditAnnotations: response.auditAnnotations ?? {},
  };
  // Nothing was checked in v1beta1.
  if (version !== 'v1') return mutating ? { ...answer, patch, patchType: 'JSONPatch' } : answer;
  if (response.uid !== uid) {
    throw new BadAnswer(`expected response.uid=${quote(uid)}, got ${quote(response.uid ?? '')}`);
  }
  const said = kindText(value);
  const wanted = `${GROUP}/v1, Kind=AdmissionReview`;
  if (said !== wanted) throw new BadAnswer(`expected webhook response of ${wanted}, got ${said}`);
  const { patchType } = response;
  if (!mutating) {
    if (patch !== '') throw new BadAnswer('validating webhook may not return response.patch');
    if (patchType !== undefined) throw new BadAnswer('validating webhook may not return response.patchType');
    return answer;
  }
  if (patch !== '' && patchType === undefined) {
    throw new BadAnswer('webhook returned response.patch but not response.patchType');
  }
  if (patch === '' && patchType !== undefined) {
    throw new BadAnswer('webhook returned response.patchType but not response.patch');
  }
  if (patchType === '') throw new BadAnswer('webhook returned invalid response.patchType of ""');
  return { ...answer, patch, patchType: patchType ?? '' };
}

/** Throws DecodeError. */
function responseOf(value: unknown, version: string): Partial<AdmissionResponse> | undefined {
  const schema = model.kind(GROUP, 'v1', 'AdmissionReview');
  if (!schema) throw new Error('the model has no AdmissionReview');
  const wrong = wrongKind(value, version);
  if (wrong) throw new DecodeError(wrong);
  const { object } = decode(schema, value, { defaults: false });
  if (!isJsonObject(value) || !isJsonObject(value.response)) return undefined;
  // The schema describes both; what decoding fills in where the webhook left it out is taken away again.
  const response = object.response as Partial<AdmissionResponse>;
  const { patchType } = value.response;
  return { ...response, ...(typeof patchType === 'string' && { patchType }) };
}

/** A group-version-kind as Go prints it. */
function kindText(value: unknown): string {
  const { apiVersion = '', kind = '' } = isJsonObject(value) ? value : {};
  const gv = parseApiVersion(String(apiVersion)) ?? { group: '', version: '' };
  return `${gv.group}/${gv.version}, Kind=${String(kind)}`;
}

/** Says that a value is no AdmissionReview of the version; what is left out is taken to be right. */
function wrongKind(value: unknown, version: string): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const { apiVersion, kind } = value;
  const named = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : `${GROUP}/${version}`;
  const what = typeof kind === 'string' && kind !== '' ? kind : 'AdmissionReview';
  const gv = parseApiVersion(named) ?? { group: '', version: named };
  if (what === 'AdmissionReview' && gv.group === GROUP && gv.version === version) return undefined;
  // The scheme knows Status as a kind of any version.
  const known =
    (gv.group === GROUP && VERSIONS.has(gv.version) && what === 'AdmissionReview') ||
    (named === 'v1' && what === 'Status');
  const scheme = 'pkg/runtime/scheme.go:111';
  return known
    ? `converting (${gv.version}.${what}) to (${version}.AdmissionReview): unknown conversion`
    : `no kind ${quote(what)} is registered for version ${quote(named)} in scheme ${quote(scheme)}`;
}

/** The refusal that a webhook's answer means. */
export function rejection(name: string, status: Status | undefined): ApiError {
  const by = `admission webhook ${quote(name)} denied the request`;
  const { message, reason } = status ?? {};
  return new ApiError({
    ...status,
    kind: 'Status',
    apiVersion: 'v1',
    metadata: status?.metadata ?? {},
    status: status?.status && status.status !== 'Success' ? status.status : 'Failure',
    message: message ? `${by}: ${message}` : reason ? `${by}: ${reason}` : `${by} without explanation`,
    code: Math.max(status?.code ?? 0, 400),
  });
}

export const dryRunUnsupported = (name: string): ApiError =>
  errors.badRequest(`admission webhook ${quote(name)} does not support dry run`);
