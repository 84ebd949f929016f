import { kindOf } from '../../../schema/go-words.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import type { UserInfo } from '../../user.ts';
import { TokenError } from '../token.ts';
import { extraKeys } from '../users.ts';
import type { JwtAuthenticatorConfig } from './config.ts';
import { evaluate, stringList, variableOf } from './expressions.ts';
import type { Rules } from './validation.ts';

/**
 * The user that the claims of a verified token make, after all rules have agreed. Throws a TokenError in Kubernetes'
 * words. https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3331-structured-authentication-configuration
 */
export function userOfClaims(claims: JsonObject, config: JwtAuthenticatorConfig, rules: Rules): UserInfo {
  const variable = variableOf(claims);
  const { username, groups, uid } = config.claimMappings;

  const name = nameOf(claims, username, rules, variable);
  let member: readonly string[] = [];
  if (groups.claim && Object.hasOwn(claims, groups.claim)) {
    const prefix = groups.prefix ?? '';
    member = groupsOf(claims[groups.claim], groups.claim).map((group) => prefix + group);
  } else if (rules.groups) {
    const what = 'oidc: error evaluating group claim expression: ';
    member = stringList(evaluate(rules.groups, variable, what), what);
  }
  let id = '';
  if (uid.claim) id = textOf(claims, uid.claim, (why) => `oidc: parse uid claim ${JSON.stringify(uid.claim)}: ${why}`);
  else if (rules.uid) {
    const what = 'oidc: error evaluating uid claim expression: ';
    const value = evaluate(rules.uid, variable, what);
    if (typeof value !== 'string') throw new TokenError(`${what}uid claim expression must return a string`);
    id = value;
  }
  const extra: Record<string, readonly string[]> = {};
  if (typeof claims.jti === 'string' && claims.jti !== '') extra[extraKeys.credentialId] = [`JTI=${claims.jti}`];
  for (const { key, expression } of rules.extra) {
    const what = `oidc: error evaluating extra claim expression: ${expression.source}: `;
    const values = stringList(evaluate(expression, variable, ''), what);
    if (values.length > 0) extra[key] = values;
  }

  for (const { claim = '', requiredValue = '' } of config.claimValidationRules ?? []) {
    if (claim === '') continue;
    if (!Object.hasOwn(claims, claim)) throw new TokenError(`oidc: required claim ${claim} not present in ID token`);
    const value = textOf(claims, claim, (why) => `oidc: parse claim ${claim}: ${why}`);
    if (value !== requiredValue) {
      const why = `value does not match. Got = ${value}, want = ${requiredValue}`;
      throw new TokenError(`oidc: required claim ${claim} ${why}`);
    }
  }
  check(rules.claimValidation, variable, 'oidc: error evaluating claim validation expression: ');
  const user: UserInfo = {
    name,
    ...(id && { uid: id }),
    groups: member,
    ...(Object.keys(extra).length > 0 && { extra }),
  };
  if (rules.userValidation.length > 0) {
    const value = variableOf({ username: name, uid: id, groups: member, extra });
    check(rules.userValidation, value, 'oidc: error evaluating user info validation rule: ');
  }
  return user;
}

type Variable = ReturnType<typeof variableOf>;

function nameOf(
  claims: JsonObject,
  { claim = '', prefix = '' }: JwtAuthenticatorConfig['claimMappings']['username'],
  rules: Rules,
  variable: Variable,
): string {
  if (rules.username) {
    const what = 'oidc: error evaluating username claim expression: ';
    const value = evaluate(rules.username, variable, what);
    if (typeof value !== 'string') throw new TokenError(`${what}username claim expression must return a string`);
    if (value === '') throw new TokenError('oidc: empty username via CEL expression is not allowed');
    return value;
  }
  const name = textOf(claims, claim, (why) => `oidc: parse username claims ${JSON.stringify(claim)}: ${why}`);
  if (claim === 'email' && Object.hasOwn(claims, 'email_verified')) {
    const verified = claims.email_verified;
    if (verified !== null && typeof verified !== 'boolean')
      throw new TokenError(`oidc: parse 'email_verified' claim: ${unfit(verified, 'bool')}`);
    if (!verified) throw new TokenError('oidc: email not verified');
  }
  return prefix + name;
}

function check(rules: Rules['claimValidation'], variable: Variable, what: string): void {
  const values = rules.map(({ expression }) => evaluate(expression, variable, what));
  for (const [i, { expression, message }] of rules.entries()) {
    if (typeof values[i] !== 'boolean') throw new TokenError(`${what}validation expression must return a boolean`);
    if (!values[i]) throw new TokenError(`${what}validation expression '${expression.source}' failed: ${message}`);
  }
}

const unfit = (value: unknown, type: string) => `json: cannot unmarshal ${kindOf(value)} into Go value of type ${type}`;

function textOf(claims: JsonObject, claim: string, words: (why: string) => string): string {
  if (!Object.hasOwn(claims, claim)) throw new TokenError(words('claim not present'));
  const value = claims[claim];
  if (value === null) return '';
  if (typeof value !== 'string') throw new TokenError(words(unfit(value, 'string')));
  return value;
}

/** One group, or a list of them. */
function groupsOf(value: unknown, claim: string): readonly string[] {
  if (value === null) return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((group) => typeof group === 'string' || group === null))
    return value.map((group: string | null) => group ?? '');
  throw new TokenError(`oidc: parse groups claim ${JSON.stringify(claim)}: ${unfit(value, 'string')}`);
}

/** Where a claim is that a token only points to (OpenID Connect Core 1.0, 5.6.2). */
export interface DistributedClaim {
  readonly endpoint: string;
  readonly accessToken?: string;
}

/** Undefined where the token has the claim itself, or knows of none elsewhere. Throws a TokenError for what makes no sense. */
export function distributedClaim(claims: JsonObject, claim: string): DistributedClaim | undefined {
  const names = claims._claim_names;
  if (Object.hasOwn(claims, claim) || names === undefined) return undefined;
  if (!isJsonObject(names)) throw new TokenError('oidc: error parsing distributed claim names: no object');
  const sources = claims._claim_sources;
  if (!isJsonObject(sources)) throw new TokenError('oidc: no claim sources');
  const source = names[claim];
  if (typeof source !== 'string') return undefined;
  const found = Object.hasOwn(sources, source) ? sources[source] : undefined;
  if (!isJsonObject(found))
    throw new TokenError(`id token _claim_names contained a source ${source} missing in _claims_sources`);
  const { endpoint, access_token: accessToken } = found;
  if (typeof endpoint !== 'string' || endpoint === '') return undefined;
  return { endpoint, ...(typeof accessToken === 'string' && { accessToken }) };
}
