import type { CertificateSigningRequest } from '../../../api/certificates/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { formatTime } from '../../../schema/time.ts';
import { humanDuration } from '../../http/table.ts';
import { validateCertificateRequest } from '../../validation/admission.ts';
import { validateCertificateRequestUpdate } from '../../validation/certificates.ts';
import { age, NONE } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus } from '../spec-and-status.ts';

type Request = CertificateSigningRequest;
type Condition = NonNullable<Request['status']['conditions']>[number];

function stampConditions(request: Mutable<Request>, old: Request, now: string): void {
  for (const condition of request.status.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    const before = old.status.conditions?.find(
      ({ type, status, lastTransitionTime }) =>
        type === condition.type && status === condition.status && lastTransitionTime !== undefined,
    );
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? now;
  }
}

/** Decisions that were there stay as they were, whatever a writer of the status makes of them. */
function keepDecisions(request: Mutable<Request>, old: Request): void {
  for (const type of ['Approved', 'Denied']) {
    const before = (old.status.conditions ?? []).filter((condition) => condition.type === type);
    const conditions = request.status.conditions ?? [];
    const places = [...conditions.keys()].filter((i) => conditions[i]?.type === type);
    if (places.length !== before.length) continue;
    for (const [i, place] of places.entries()) conditions[place] = { ...before[i] } as Mutable<Condition>;
  }
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
  validateUpdate: (request, old) => validateCertificateRequestUpdate(request, old, ''),
  subresources: {
    status: {
      prepareForUpdate: (request, old, { now }) => {
        request.spec = old.spec as Mutable<Request>['spec'];
        keepDecisions(request, old);
        stampConditions(request, old, formatTime(now));
      },
      validateUpdate: (request, old) => validateCertificateRequestUpdate(request, old, 'status'),
    },
    approval: {
      prepareForUpdate: (request, old, { now }) => {
        request.spec = old.spec as Mutable<Request>['spec'];
        stampConditions(request, old, formatTime(now));
        const { conditions } = request.status;
        request.status = { ...old.status, conditions } as Mutable<Request>['status'];
        if (!conditions) delete request.status.conditions;
      },
      validateUpdate: (request, old) => validateCertificateRequestUpdate(request, old, 'approval'),
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
