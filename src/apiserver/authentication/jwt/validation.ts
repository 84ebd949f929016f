import { X509Certificate } from 'node:crypto';
import { type FieldError, fieldErrors, Path } from '../../../schema/field-error.ts';
import { checkDomainPrefixedPath } from '../../validation/domain-path.ts';
import type {
  AuthenticationConfiguration,
  ClaimMappings,
  ClaimOrExpression,
  IssuerConfig,
  JwtAuthenticatorConfig,
  PrefixedClaimOrExpression,
} from './config.ts';
import { compileExpression, type Expression, readsClaim } from './expressions.ts';

/** The expressions of one authenticator, compiled. */
export interface Rules {
  readonly username?: Expression;
  readonly groups?: Expression;
  readonly uid?: Expression;
  readonly extra: readonly { readonly key: string; readonly expression: Expression }[];
  readonly claimValidation: readonly Rule[];
  readonly userValidation: readonly Rule[];
}

export interface Rule {
  readonly expression: Expression;
  readonly message: string;
}

const MAX_AUTHENTICATORS = 64;

/**
 * What is wrong with an AuthenticationConfiguration, in Kubernetes' words; and, where nothing is, the compiled rules of
 * each authenticator. `disallowed`: issuers of service account tokens.
 */
export function checkAuthenticationConfiguration(
  { jwt = [], anonymous }: AuthenticationConfiguration,
  disallowed: readonly string[],
): { readonly problems: readonly FieldError[]; readonly rules: readonly Rules[] } {
  const problems: FieldError[] = [];
  const root = Path.of('jwt');
  if (jwt.length > MAX_AUTHENTICATORS) {
    return { problems: [fieldErrors.tooMany(root, jwt.length, MAX_AUTHENTICATORS)], rules: [] };
  }
  const urls = new Set<string>();
  const discoveryUrls = new Set<string>();
  const rules = jwt.map((authenticator, i) => {
    const path = root.index(i);
    const checked = checkAuthenticator(authenticator, path, disallowed, problems);
    const { url = '', discoveryURL = '' } = authenticator.issuer;
    if (urls.has(url)) problems.push(fieldErrors.duplicate(path.child('issuer', 'url'), url));
    urls.add(url);
    if (discoveryURL !== '' && discoveryUrls.has(discoveryURL))
      problems.push(fieldErrors.duplicate(path.child('issuer', 'discoveryURL'), discoveryURL));
    discoveryUrls.add(discoveryURL);
    return checked;
  });
  if (anonymous && !anonymous.enabled && anonymous.conditions?.length) {
    const value = anonymous.conditions.map(({ path = '' }) => ({ Path: path }));
    const why = 'enabled should be set to true when conditions are defined';
    problems.push(fieldErrors.invalid(Path.of('anonymous', 'conditions'), value, why));
  }
  return { problems, rules };
}

function checkAuthenticator(
  authenticator: JwtAuthenticatorConfig,
  path: Path,
  disallowed: readonly string[],
  problems: FieldError[],
): Rules {
  checkIssuer(authenticator.issuer, path.child('issuer'), disallowed, problems);
  const claimValidation = checkClaimRules(authenticator, path.child('claimValidationRules'), problems);
  const mappings = checkMappings(authenticator.claimMappings, path.child('claimMappings'), claimValidation, problems);
  const userValidation = checkUserRules(authenticator, path.child('userValidationRules'), problems);
  return { ...mappings, claimValidation, userValidation };
}

function checkIssuer(issuer: IssuerConfig, path: Path, disallowed: readonly string[], problems: FieldError[]): void {
  const { url = '', discoveryURL = '', audiences = [], audienceMatchPolicy: policy = '' } = issuer;
  if (url === '') problems.push(fieldErrors.required(path.child('url')));
  else checkUrl(url, path.child('url'), disallowed, problems);

  if (discoveryURL !== '') {
    const at = path.child('discoveryURL');
    if (url !== '' && url.replace(/\/+$/, '') === discoveryURL.replace(/\/+$/, ''))
      problems.push(fieldErrors.invalid(at, discoveryURL, 'discoveryURL must be different from URL'));
    checkUrl(discoveryURL, at, [], problems);
  }

  const at = path.child('audiences');
  if (audiences.length === 0) problems.push(fieldErrors.required(at, `at least one ${at} is required`));
  else {
    for (const [i, audience] of audiences.entries()) {
      if (audience === '') problems.push(fieldErrors.required(at.index(i)));
      if (audiences.indexOf(audience) < i) problems.push(fieldErrors.duplicate(at.index(i), audience));
    }
    const of = path.child('audienceMatchPolicy');
    if (audiences.length > 1 && policy !== 'MatchAny')
      problems.push(fieldErrors.invalid(of, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'));
    if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny') {
      const why = 'audienceMatchPolicy must be empty or MatchAny for single audience';
      problems.push(fieldErrors.invalid(of, policy, why));
    }
  }

  const authority = authorityProblem(issuer.certificateAuthority ?? '');
  if (authority !== undefined)
    problems.push(fieldErrors.invalid(path.child('certificateAuthority'), '<omitted>', authority));

  const egress = issuer.egressSelectorType ?? '';
  if (egress !== '' && egress !== 'controlplane' && egress !== 'cluster') {
    const why = 'egress selector must be either controlplane or cluster';
    problems.push(fieldErrors.invalid(path.child('egressSelectorType'), egress, why));
  }
}

function checkUrl(text: string, path: Path, disallowed: readonly string[], problems: FieldError[]): void {
  const invalid = (why: string) => void problems.push(fieldErrors.invalid(path, text, why));
  if (disallowed.includes(text))
    invalid(`URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(' ')}]`);
  // As Go takes a URL apart, which knows of fewer mistakes than WHATWG's rules.
  const parts = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  const control = /\p{Cc}/u.test(text);
  if (control || !parts) {
    invalid(`parse ${JSON.stringify(text)}: net/url: invalid control character in URL`);
    return;
  }
  const [, scheme = '', authority = '', query = '', fragment = ''] = parts;
  const port = /:([^:@\]]*)$/.exec(authority.slice(authority.lastIndexOf('@') + 1))?.[1];
  if (port !== undefined && !/^\d*$/.test(port)) {
    invalid(`parse ${JSON.stringify(text)}: invalid port ":${port}" after host`);
    return;
  }
  if (scheme.toLowerCase() !== 'https') invalid('URL scheme must be https');
  if (authority.includes('@')) invalid('URL must not contain a username or password');
  if (query !== '') invalid('URL must not contain a query');
  if (fragment !== '') invalid('URL must not contain a fragment');
}

/** What is wrong with PEM certificates; undefined for good ones, and for none at all. */
export function authorityProblem(pem: string): string | undefined {
  if (pem === '') return undefined;
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return 'data does not contain any valid RSA or ECDSA certificates';
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return undefined;
}

/** Compiles an expression; says what is wrong with it where `path` is. */
function compiled(
  source: string,
  over: 'claims' | 'user',
  mustBeBool: boolean,
  path: Path,
  problems: FieldError[],
): Expression | undefined {
  const found = compileExpression(source, over, mustBeBool);
  if (!('problem' in found)) return found;
  problems.push(fieldErrors.invalid(path, source, found.problem));
  return undefined;
}

function checkClaimRules(
  { claimValidationRules = [] }: JwtAuthenticatorConfig,
  root: Path,
  problems: FieldError[],
): Rule[] {
  const claims = new Set<string>();
  const expressions = new Set<string>();
  const rules: Rule[] = [];
  for (const [i, { claim = '', requiredValue = '', expression = '', message = '' }] of claimValidationRules.entries()) {
    const path = root.index(i);
    if (claim !== '' && expression !== '') {
      problems.push(fieldErrors.invalid(path, claim, "claim and expression can't both be set"));
    } else if (claim !== '') {
      if (message !== '')
        problems.push(fieldErrors.invalid(path.child('message'), message, 'may not be specified when claim is set'));
      if (claims.has(claim)) problems.push(fieldErrors.duplicate(path.child('claim'), claim));
      claims.add(claim);
    } else if (expression !== '') {
      if (requiredValue !== '') {
        const why = 'may not be specified when expression is set';
        problems.push(fieldErrors.invalid(path.child('requiredValue'), requiredValue, why));
      }
      const at = path.child('expression');
      if (expressions.has(expression)) problems.push(fieldErrors.duplicate(at, expression));
      else {
        expressions.add(expression);
        const found = compiled(expression, 'claims', true, at, problems);
        if (found) rules.push({ expression: found, message });
      }
    } else {
      problems.push(fieldErrors.required(path, 'claim or expression is required'));
    }
  }
  return rules;
}

function checkMappings(
  mappings: ClaimMappings,
  path: Path,
  validation: readonly Rule[],
  problems: FieldError[],
): Omit<Rules, 'claimValidation' | 'userValidation'> {
  const username = checkPrefixed(mappings.username, path.child('username'), true, problems);
  const groups = checkPrefixed(mappings.groups, path.child('groups'), false, problems);
  const uid = checkUid(mappings.uid, path.child('uid'), problems);
  const extra = checkExtra(mappings.extra ?? [], path.child('extra'), problems);
  if (username && readsClaim(username, 'email')) {
    const readers = [username, ...extra.map(({ expression }) => expression), ...validation.map((r) => r.expression)];
    if (!readers.some((expression) => readsClaim(expression, 'email_verified'))) {
      const why =
        'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';
      problems.push(fieldErrors.invalid(path.child('username', 'expression'), mappings.username.expression, why));
    }
  }
  return { ...(username && { username }), ...(groups && { groups }), ...(uid && { uid }), extra };
}

function checkPrefixed(
  { claim = '', prefix, expression = '' }: PrefixedClaimOrExpression,
  path: Path,
  required: boolean,
  problems: FieldError[],
): Expression | undefined {
  if (claim !== '' && expression !== '') {
    problems.push(fieldErrors.invalid(path, '', "claim and expression can't both be set"));
  } else if (expression !== '') {
    const count = problems.length;
    if (prefix !== undefined) {
      const why = 'may not be specified when expression is set';
      problems.push(fieldErrors.invalid(path.child('prefix'), prefix, why));
    }
    const found = compiled(expression, 'claims', false, path.child('expression'), problems);
    return problems.length === count ? found : undefined;
  } else if (claim !== '') {
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    if (prefix === undefined) problems.push(fieldErrors.required(path.child('prefix'), why));
  } else if (required) {
    problems.push(fieldErrors.required(path, 'claim or expression is required'));
  }
  return undefined;
}

function checkUid({ claim = '', expression = '' }: ClaimOrExpression, path: Path, problems: FieldError[]) {
  if (claim !== '' && expression !== '') {
    problems.push(fieldErrors.invalid(path, '', "claim and expression can't both be set"));
    return undefined;
  }
  return expression === '' ? undefined : compiled(expression, 'claims', false, path.child('expression'), problems);
}

function checkExtra(extra: NonNullable<ClaimMappings['extra']>, root: Path, problems: FieldError[]) {
  const keys = new Set<string>();
  const mappings: { key: string; expression: Expression }[] = [];
  for (const [i, { key = '', valueExpression = '' }] of extra.entries()) {
    const path = root.index(i);
    const at = path.child('key');
    checkDomainPrefixedPath(key, at, problems);
    if (key !== key.toLowerCase()) problems.push(fieldErrors.invalid(at, key, 'must be lowercase'));
    if (/^(?:[^/]*\.)?(?:k8s|kubernetes)\.io\//.test(key)) {
      const why = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use';
      problems.push(fieldErrors.invalid(at, key, why));
    }
    if (keys.has(key)) {
      problems.push(fieldErrors.duplicate(at, key));
      continue;
    }
    keys.add(key);
    const of = path.child('valueExpression');
    if (valueExpression === '') {
      problems.push(fieldErrors.required(of));
      continue;
    }
    const expression = compiled(valueExpression, 'claims', false, of, problems);
    if (expression) mappings.push({ key, expression });
  }
  return mappings;
}

function checkUserRules(
  { userValidationRules = [] }: JwtAuthenticatorConfig,
  root: Path,
  problems: FieldError[],
): Rule[] {
  const expressions = new Set<string>();
  const rules: Rule[] = [];
  for (const [i, { expression = '', message = '' }] of userValidationRules.entries()) {
    const path = root.index(i).child('expression');
    if (expression === '') problems.push(fieldErrors.required(path));
    else if (expressions.has(expression)) problems.push(fieldErrors.duplicate(path, expression));
    else {
      expressions.add(expression);
      const found = compiled(expression, 'user', true, path, problems);
      if (found) rules.push({ expression: found, message });
    }
  }
  return rules;
}
