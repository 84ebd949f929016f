import type {
  MatchResources,
  MutatingWebhookConfiguration,
  ParamRef,
  RuleWithOperations,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  WebhookClientConfig,
} from '../../api/admissionregistration/v1.gen.ts';
import type { CertificateSigningRequest } from '../../api/certificates/v1.gen.ts';
import { dns1035LabelProblems, dns1123LabelProblems, dns1123SubdomainProblems } from '../../api/names.ts';
import { urlProblem } from '../../cel/network.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkMatchConditions } from './match-conditions.ts';
import { addAll, checkOptionalEnum, checkSubdomain, type Found } from './values.ts';

const SPEC = Path.of('spec');
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const MAX_TIMEOUT = 30;

function checkRule(rule: RuleWithOperations, path: Path, found: Found): void {
  if (!rule.operations?.length) found.push(fieldErrors.required(path.child('operations')));
  if ((rule.operations?.length ?? 0) > 1 && rule.operations?.includes('*')) {
    const why = "if '*' is present, must not specify other operations";
    found.push(fieldErrors.invalid(path.child('operations'), rule.operations, why));
  }
  for (const [i, operation] of (rule.operations ?? []).entries()) {
    checkOptionalEnum(operation, operations, path.child('operations').index(i), found);
  }
  for (const [field, what] of [
    ['apiGroups', 'API groups'],
    ['apiVersions', 'API versions'],
  ] as const) {
    const values = rule[field] ?? [];
    if (values.length === 0) found.push(fieldErrors.required(path.child(field)));
    if (values.length > 1 && values.includes('*')) {
      const why = `if '*' is present, must not specify other ${what}`;
      found.push(fieldErrors.invalid(path.child(field), values, why));
    }
    // The group of the first kinds has no name.
    for (const [i, value] of field === 'apiGroups' ? [] : values.entries()) {
      if (value === '') found.push(fieldErrors.required(path.child(field).index(i)));
    }
  }
  checkResources(rule.resources ?? [], path.child('resources'), found);
  checkOptionalEnum(rule.scope, ['*', 'Cluster', 'Namespaced'], path.child('scope'), found);
}

/** Resources and subresources ("pods", "pods/log", "*" for all of them), of which none may repeat what another says. */
function checkResources(resources: readonly string[], path: Path, found: Found): void {
  if (resources.length === 0) found.push(fieldErrors.required(path));
  const [allSubresources, allResources] = [new Set<string>(), new Set<string>()];
  // As in Kubernetes, only the last resource without a subresource counts.
  let plain = false;
  for (const [i, resource] of resources.entries()) {
    if (resource === '') {
      found.push(fieldErrors.required(path.index(i)));
      continue;
    }
    const slash = resource.indexOf('/');
    if (slash < 0) {
      plain = resource !== '*';
      continue;
    }
    const [name, subresource] = [resource.slice(0, slash), resource.slice(slash + 1)];
    const taken = [
      ...(allSubresources.has(name) ? [`${name}/*`] : []),
      ...(allResources.has(subresource) ? [`*/${subresource}`] : []),
    ];
    for (const other of taken) {
      const why = `if '${other}' is present, must not specify ${resource}`;
      found.push(fieldErrors.invalid(path.index(i), resource, why));
    }
    if (subresource === '*') allSubresources.add(name);
    if (name === '*') allResources.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    found.push(fieldErrors.invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes('*') && plain) {
    const why = "if '*' is present, must not specify other resources without subresources";
    found.push(fieldErrors.invalid(path, resources, why));
  }
}

export function checkClient({ url, service }: WebhookClientConfig, path: Path, found: Found): void {
  if ((url === undefined) === (service === undefined)) {
    found.push(fieldErrors.required(path, 'exactly one of url or service is required'));
    return;
  }
  if (url !== undefined) {
    const at = path.child('url');
    const form = '; desired format: https://host[/path]';
    const defect = urlProblem(url);
    if (defect !== undefined) {
      found.push(fieldErrors.required(at, `url must be a valid URL: ${defect}${form}`));
      return;
    }
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const scheme = parsed?.protocol.slice(0, -1) ?? url.replace(/:?[^:]*$/, '');
    if (scheme !== 'https') {
      const why = `'https' is the only allowed URL scheme${form}`;
      found.push(fieldErrors.invalid(at, scheme, why));
    }
    if (!parsed?.host) found.push(fieldErrors.invalid(at, '', `host must be specified${form}`));
    if (parsed?.username) {
      const user = parsed.password ? `${parsed.username}:${parsed.password}` : parsed.username;
      found.push(fieldErrors.invalid(at, user, 'user information is not permitted in the URL'));
    }
    if (parsed?.hash)
      found.push(fieldErrors.invalid(at, parsed.hash.slice(1), 'fragments are not permitted in the URL'));
    if (parsed?.search) {
      found.push(fieldErrors.invalid(at, parsed.search.slice(1), 'query parameters are not permitted in the URL'));
    }
  }
  if (!service) return;
  const at = path.child('service');
  // Kubernetes takes the one for the other.
  if (!service.namespace) found.push(fieldErrors.required(at.child('name')));
  if (!service.name) found.push(fieldErrors.required(at.child('namespace')));
  const port = service.port ?? 443;
  if (port < 1 || port > 65535) {
    const why = 'port is not valid: must be between 1 and 65535, inclusive';
    found.push(fieldErrors.invalid(at.child('port'), port, why));
  }
  checkServicePath(service.path ?? '', at.child('path'), found);
}

function checkServicePath(path: string, at: Path, found: Found): void {
  if (path === '' || path === '/') return;
  if (path === '//') {
    found.push(fieldErrors.invalid(at, path, 'segment[0] may not be empty'));
    return;
  }
  if (!path.startsWith('/')) found.push(fieldErrors.invalid(at, path, "must start with a '/'"));
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [i, step] of steps.entries()) {
    if (step === '') found.push(fieldErrors.invalid(at, path, `segment[${i}] may not be empty`));
    else
      addAll(
        found,
        at,
        path,
        dns1123SubdomainProblems(step).map((problem) => `segment[${i}]: ${problem}`),
      );
  }
}

/** What an update may not newly do: it may keep what was accepted once. */
interface Strictness {
  readonly matchConditions: boolean;
  readonly sideEffects: boolean;
  readonly reviewVersions: boolean;
  readonly uniqueNames: boolean;
}

const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const accepts = (versions: readonly string[] | undefined) => ['v1', 'v1beta1'].some((v) => versions?.includes(v));

function strictness(now: Webhooks, old: Webhooks | undefined): Strictness {
  if (!old) return { matchConditions: true, sideEffects: true, reviewVersions: true, uniqueNames: true };
  const same = now.length === old.length && old.every((w, i) => deepEqual(w.matchConditions, now[i]?.matchConditions));
  return {
    matchConditions: !same,
    sideEffects: old.every(({ sideEffects }) => NO_SIDE_EFFECTS.includes(sideEffects)),
    reviewVersions: old.every(({ admissionReviewVersions: v }) => !v?.length || accepts(v)),
    uniqueNames: new Set(old.map(({ name }) => name)).size === old.length,
  };
}

type Webhooks = readonly ValidatingWebhook[];

function checkWebhook(webhook: ValidatingWebhook, options: Strictness, path: Path, found: Found): void {
  const problems = dns1123SubdomainProblems(webhook.name);
  if (!webhook.name) found.push(fieldErrors.required(path.child('name')));
  else if (problems.length > 0) addAll(found, path.child('name'), webhook.name, problems);
  else if (webhook.name.split('.').length < 3) {
    const why = 'should be a domain with at least three segments separated by dots';
    found.push(fieldErrors.invalid(path.child('name'), webhook.name, why));
  }
  const versions = path.child('admissionReviewVersions');
  const reviews = webhook.admissionReviewVersions ?? [];
  if (reviews.length === 0) {
    found.push(fieldErrors.required(versions, 'must specify one of v1, v1beta1'));
  } else {
    for (const [i, version] of reviews.entries()) {
      addAll(found, versions.index(i), version, dns1035LabelProblems(version));
      if (reviews.indexOf(version) < i)
        found.push(fieldErrors.invalid(versions.index(i), version, 'duplicate version'));
    }
    if (options.reviewVersions && !accepts(reviews)) {
      found.push(fieldErrors.invalid(versions, reviews, 'must include at least one of v1, v1beta1'));
    }
  }
  for (const [i, rule] of (webhook.rules ?? []).entries()) checkRule(rule, path.child('rules').index(i), found);
  checkOptionalEnum(webhook.failurePolicy, ['Fail', 'Ignore'], path.child('failurePolicy'), found);
  checkOptionalEnum(webhook.matchPolicy, ['Equivalent', 'Exact'], path.child('matchPolicy'), found);
  const effects = options.sideEffects ? NO_SIDE_EFFECTS : ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
  if (webhook.sideEffects === undefined || webhook.sideEffects === null) {
    found.push(fieldErrors.required(path.child('sideEffects'), `must specify one of ${effects.join(', ')}`));
  } else checkOptionalEnum(webhook.sideEffects, effects, path.child('sideEffects'), found);
  const timeout = webhook.timeoutSeconds;
  if (timeout !== undefined && (timeout < 1 || timeout > MAX_TIMEOUT)) {
    const why = 'the timeout value must be between 1 and 30 seconds';
    found.push(fieldErrors.invalid(path.child('timeoutSeconds'), timeout, why));
  }
  checkLabelSelector(webhook.namespaceSelector, path.child('namespaceSelector'), found);
  checkLabelSelector(webhook.objectSelector, path.child('objectSelector'), found);
  checkClient(webhook.clientConfig, path.child('clientConfig'), found);
  if (options.matchConditions) {
    checkMatchConditions(webhook.matchConditions, false, path.child('matchConditions'), found);
  }
}

function checkWebhooks(webhooks: Webhooks = [], old: Webhooks | undefined, found: Found): void {
  const names = new Set<string>();
  const options = strictness(webhooks, old);
  for (const [i, webhook] of webhooks.entries()) {
    const at = Path.of('webhooks').index(i);
    checkWebhook(webhook, options, at, found);
    if (options.uniqueNames && webhook.name && names.has(webhook.name)) {
      found.push(fieldErrors.duplicate(at.child('name'), webhook.name));
    }
    names.add(webhook.name);
  }
}

export function validateValidatingWebhooks(
  now: ValidatingWebhookConfiguration,
  old?: ValidatingWebhookConfiguration,
): Found {
  const found: Found = [];
  checkWebhooks(now.webhooks, old && (old.webhooks ?? []), found);
  return found;
}

export function validateMutatingWebhooks(now: MutatingWebhookConfiguration, old?: MutatingWebhookConfiguration): Found {
  const found: Found = [];
  checkWebhooks(now.webhooks, old && (old.webhooks ?? []), found);
  for (const [i, { reinvocationPolicy }] of (now.webhooks ?? []).entries()) {
    const at = Path.of('webhooks').index(i).child('reinvocationPolicy');
    checkOptionalEnum(reinvocationPolicy, ['IfNeeded', 'Never'], at, found);
  }
  return found;
}

/** Names that are one step of a path. */
function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`);
}

/** What a policy or a binding is about. */
export function checkMatchResources(match: MatchResources, path: Path, found: Found): void {
  checkOptionalEnum(match.matchPolicy, ['Equivalent', 'Exact'], path.child('matchPolicy'), found);
  checkLabelSelector(match.namespaceSelector, path.child('namespaceSelector'), found);
  checkLabelSelector(match.objectSelector, path.child('objectSelector'), found);
  for (const field of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [i, rule] of (match[field] ?? []).entries()) {
      const at = path.child(field).index(i);
      checkRule(rule, at, found);
      const names = rule.resourceNames ?? [];
      for (const [j, name] of names.entries()) {
        addAll(found, at.child('resourceNames').index(j), name, pathSegmentProblems(name));
        if (names.indexOf(name) < j) found.push(fieldErrors.duplicate(at.child('resourceNames').index(j), name));
      }
    }
  }
}

/** Which object a policy's parameters are in: by name, or by labels. */
export function checkParamRef(ref: ParamRef, at: Path, found: Found): void {
  const { name, selector, parameterNotFoundAction } = ref;
  if (name) addAll(found, at.child('name'), name, pathSegmentProblems(name));
  if (name && selector) {
    const why = 'name and selector are mutually exclusive';
    found.push(fieldErrors.forbidden(at.child('name'), why), fieldErrors.forbidden(at.child('selector'), why));
  } else if (!name && !selector) {
    found.push(fieldErrors.required(at, 'one of name or selector must be specified'));
  }
  checkLabelSelector(selector, at.child('selector'), found);
  const action = at.child('parameterNotFoundAction');
  if (!parameterNotFoundAction) found.push(fieldErrors.required(action));
  else checkOptionalEnum(parameterNotFoundAction, ['Deny', 'Allow'], action, found);
}

export function validatePolicyBinding({ spec }: ValidatingAdmissionPolicyBinding): Found {
  const found: Found = [];
  const { policyName, paramRef, matchResources, validationActions } = spec;
  if (!policyName) found.push(fieldErrors.required(SPEC.child('policyName')));
  else checkSubdomain(policyName, SPEC.child('policyName'), found);
  if (paramRef) checkParamRef(paramRef, SPEC.child('paramRef'), found);
  if (matchResources) checkMatchResources(matchResources, SPEC.child('matchResources'), found);
  const actions = SPEC.child('validationActions');
  if (!validationActions?.length)
    found.push(fieldErrors.required(actions, 'at least one validation action is required'));
  for (const [i, action] of (validationActions ?? []).entries()) {
    checkOptionalEnum(action, ['Audit', 'Deny', 'Warn'], actions.index(i), found);
    if (validationActions.indexOf(action) < i) found.push(fieldErrors.duplicate(actions.index(i), action));
  }
  if (validationActions?.includes('Deny') && validationActions.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    found.push(fieldErrors.invalid(actions, validationActions, why));
  }
  return found;
}

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const MIN_EXPIRATION = 600;
const MAX_SIGNER = 571;
const MAX_DOMAIN = 253;

/** https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ */
export function validateCertificateRequest({ spec }: CertificateSigningRequest): Found {
  const found: Found = [];
  const pem = Buffer.from(spec.request ?? '', 'base64').toString();
  if (!/-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----/.test(pem)) {
    found.push(
      fieldErrors.invalid(SPEC.child('request'), spec.request ?? null, 'PEM block type must be CERTIFICATE REQUEST'),
    );
  }
  if (!spec.usages?.length) found.push(fieldErrors.required(SPEC.child('usages')));
  for (const [i, usage] of (spec.usages ?? []).entries()) {
    const at = SPEC.child('usages').index(i);
    if (!usages.includes(usage)) found.push(fieldErrors.notSupported(at, usage, usages));
    if (spec.usages && spec.usages.indexOf(usage) < i) found.push(fieldErrors.duplicate(at, usage));
  }
  checkSigner(spec.signerName, SPEC.child('signerName'), found);
  const seconds = spec.expirationSeconds;
  if (seconds !== undefined && seconds < MIN_EXPIRATION) {
    found.push(
      fieldErrors.invalid(
        SPEC.child('expirationSeconds'),
        seconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  }
  return found;
}

/** Only the first bad step between two dots is told. */
function checkSteps(value: string, problems: (step: string) => readonly string[], path: Path, found: Found): void {
  const bad = value.split('.').find((step) => problems(step).length > 0);
  if (bad === undefined) return;
  for (const problem of problems(bad)) {
    found.push(fieldErrors.invalid(path, value, `validating label ${quote(bad)}: ${problem}`));
  }
}

function checkSigner(name: string, path: Path, found: Found): void {
  if (!name) {
    found.push(fieldErrors.required(path));
    return;
  }
  const [domain = '', signer, ...more] = name.split('/');
  if (signer === undefined || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    found.push(fieldErrors.invalid(path, name, why));
    return;
  }
  if (Buffer.byteLength(name) > MAX_SIGNER) found.push(fieldErrors.tooLong(path, MAX_SIGNER));
  if (Buffer.byteLength(domain) > MAX_DOMAIN) found.push(fieldErrors.tooLong(path, MAX_DOMAIN));
  checkSteps(domain, dns1123LabelProblems, path, found);
  if (!domain.includes('.')) {
    found.push(fieldErrors.invalid(path, domain, 'should be a domain with at least two segments separated by dots'));
  }
  checkSteps(signer, dns1123SubdomainProblems, path, found);
}
