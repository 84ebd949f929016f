import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '../../api/certificates/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { validateCertificateRequest } from './admission.ts';
import { checkEnum, type Found } from './values.ts';

const STATUS = Path.of('status');
const CONDITIONS = STATUS.child('conditions');
const CERTIFICATE = STATUS.child('certificate');

type Request = CertificateSigningRequest;
type Condition = NonNullable<Request['status']['conditions']>[number];

/** Which part of the status an update is for: nobody but approvers decides, nobody but signers issues. */
export type Part = 'status' | 'approval' | '';

const ofType = ({ status }: Request, wanted: string): readonly Condition[] =>
  (status?.conditions ?? []).filter(({ type }) => type === wanted);

/** https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ */
export function validateCertificateRequestUpdate(request: Request, old: Request, part: Part): Found {
  const found: Found = [...validateCertificateRequest(request)];
  checkConditions(request, old, found);
  const { certificate = '' } = request.status ?? {};
  const before = old.status?.certificate ?? '';
  if (certificate !== before) {
    const problem = certificateProblem(certificate);
    if (problem) found.push(fieldErrors.invalid(CERTIFICATE, '<certificate data>', problem));
  }
  for (const type of ['Approved', 'Denied', 'Failed']) {
    if (ofType(request, type).length >= ofType(old, type).length) continue;
    found.push(fieldErrors.forbidden(CONDITIONS, `updates may not remove a condition of type ${quote(type)}`));
  }
  if (part !== 'approval') checkDecisions(request, old, found);
  if (certificate !== before && part !== 'status') {
    found.push(fieldErrors.forbidden(CERTIFICATE, 'updates may not set certificate content'));
  } else if (certificate !== before && before !== '') {
    found.push(fieldErrors.forbidden(CERTIFICATE, 'updates may not modify existing certificate content'));
  }
  return found;
}

/** A decision is not for those who write the status. */
function checkDecisions(request: Request, old: Request, found: Found): void {
  for (const type of ['Approved', 'Denied']) {
    const now = ofType(request, type);
    const before = ofType(old, type);
    if (now.length > before.length) {
      found.push(fieldErrors.forbidden(CONDITIONS, `updates may not add a condition of type ${quote(type)}`));
    } else if (now.length === before.length && !deepEqual(now, before)) {
      found.push(fieldErrors.forbidden(CONDITIONS, `updates may not modify a condition of type ${quote(type)}`));
    }
  }
}

function checkConditions(request: Request, old: Request, found: Found): void {
  const both = ofType(old, 'Approved').length > 0 && ofType(old, 'Denied').length > 0;
  const seen = new Set<string>();
  for (const [i, { type = '', status }] of (request.status?.conditions ?? []).entries()) {
    const at = CONDITIONS.index(i);
    if (type === '') found.push(fieldErrors.required(at.child('type')));
    const only = type === 'Approved' || type === 'Denied' || type === 'Failed';
    checkEnum(status, only ? ['True'] : ['False', 'True', 'Unknown'], at.child('status'), found);
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (!both && other !== undefined && seen.has(other)) {
      const why = 'Approved and Denied conditions are mutually exclusive';
      found.push(fieldErrors.invalid(CONDITIONS, type, why));
    }
    if (seen.has(type)) found.push(fieldErrors.duplicate(at.child('type'), type));
    seen.add(type);
  }
}

const block = /-----BEGIN ([^-]+)-----([\s\S]*?)-----END \1-----/g;

/** What is wrong with certificates in PEM, themselves in base64. */
function certificateProblem(certificate: string): string | undefined {
  if (certificate === '') return undefined;
  const pem = Buffer.from(certificate, 'base64').toString('latin1');
  let blocks = 0;
  for (const [whole, type = '', body = ''] of pem.matchAll(block)) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${quote(type)}`;
    if (body.includes(':')) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(whole);
    } catch {
      return 'x509: malformed certificate';
    }
    blocks++;
  }
  return blocks === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}
