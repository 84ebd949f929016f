import type { CertificateSigningRequest } from '../../../api/certificates/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { formatTime } from '../../../schema/time.ts';
import { humanDuration } from '../../http/table.ts';
import { validateCertificateRequest } from '../../validation/admission.ts';
import { age, NONE } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus } from '../spec-and-status.ts';

type Request = CertificateSigningRequest;
type Condition = NonNullable<Request['status']['conditions']>[number];

/** Who decides, and who issues, say so with different subresources, and neither can take the other's word back. */
const isDecision = ({ type }: Condition): boolean => type === 'Approved' || type === 'Denied';

function stampConditions(request: Mutable<Request>, old: Request, now: string): void {
  for (const condition of request.status.conditions ?? []) {
    const before = old.status.conditions?.find(({ type }) => type === condition.type);
    condition.lastUpdateTime ??= now;
    if (before?.status === condition.status) condition.lastTransitionTime = before.lastTransitionTime;
    condition.lastTransitionTime ??= now;
  }
}

/** Takes the conditions that `pick` is for from the request, all others from what is stored. */
function mergeConditions(request: Mutable<Request>, old: Request, pick: (condition: Condition) => boolean): void {
  const asked = request.status.conditions ?? [];
  const kept = (old.status.conditions ?? []).filter((condition) => !pick(condition));
  const merged = [...kept, ...asked.filter(pick)] as Mutable<Condition>[];
  if (merged.length > 0) request.status.conditions = merged;
  else delete request.status.conditions;
}

function conditionCell({ status }: Request): string {
  const types = (status.conditions ?? []).map(({ type }) => type);
  const words: string[] = [];
  if (types.includes('Denied')) words.push('Denied');
  else if (types.includes('Approved')) words.push('Approved');
  else words.push('Pending');
  if (types.includes('Failed')) words.push('Failed');
  if (status.certificate) words.push('Issued');
  return words.join(',');
}

/** https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ */
export const certificateSigningRequest = define<Request>({
  validateCreate: validateCertificateRequest,
  prepareForCreate: (request, { user }) => {
    const { spec } = request;
    spec.username = user.name;
    if (user.uid) spec.uid = user.uid;
    else delete spec.uid;
    spec.groups = [...user.groups];
    const extra = Object.entries(user.extra ?? {}).map(([key, values]) => [key, [...values]]);
    if (extra.length > 0) spec.extra = Object.fromEntries(extra);
    else delete spec.extra;
    request.status = {};
  },
  prepareForUpdate: (request, old) => {
    request.spec = old.spec as Mutable<Request>['spec'];
    keepStatus<Request>(request, old);
  },
  subresources: {
    status: {
      prepareForUpdate: (request, old, { now }) => {
        request.spec = old.spec as Mutable<Request>['spec'];
        mergeConditions(request, old, (condition) => !isDecision(condition));
        stampConditions(request, old, formatTime(now));
      },
    },
    approval: {
      prepareForUpdate: (request, old, { now }) => {
        request.spec = old.spec as Mutable<Request>['spec'];
        const conditions = request.status.conditions;
        request.status = { ...old.status, conditions } as Mutable<Request>['status'];
        mergeConditions(request, old, isDecision);
        stampConditions(request, old, formatTime(now));
      },
    },
  },
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec?.signerName ?? '' }),
  tableCells: (request, now) => [
    request.metadata.name,
    age(request, now),
    request.spec.signerName || NONE,
    request.spec.username ?? '',
    request.spec.expirationSeconds === undefined ? NONE : humanDuration(request.spec.expirationSeconds * 1000),
    conditionCell(request),
  ],
});
