import type {
  ExpressionWarning,
  NamedRuleWithOperations,
  ValidatingAdmissionPolicy,
} from '../../api/admissionregistration/v1.gen.ts';
import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import { model } from '../../api/model.ts';
import { parseApiVersion } from '../../api/resource.ts';
import { TypeChecker } from '../../cel/admission.ts';
import { DYN } from '../../cel/types.ts';
import { type Kind, typesOfKind } from './schema-types.ts';

/** Kinds of one rule that a policy is checked against. */
const MAX_KINDS = 10;

/**
 * What is wrong with a policy's expressions, given the schemas of the kinds it names; wildcards name none.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking
 */
export function expressionWarnings(
  { spec }: ValidatingAdmissionPolicy,
  definitions: readonly CustomResourceDefinition[],
): ExpressionWarning[] {
  const kinds = matchedKinds(spec.matchConstraints?.resourceRules ?? [], definitions);
  const checkers = kinds.flatMap((kind) => {
    const checker = checkerOf(kind, spec, definitions);
    return checker ? [{ kind, checker }] : [];
  });
  const warnings: ExpressionWarning[] = [];
  const check = (expression: string, fieldRef: string) => {
    const found = checkers.flatMap(({ kind: { group, version, kind }, checker }) => {
      const issues = checker.issues(expression);
      return issues === undefined ? [] : [`${group}/${version}, Kind=${kind}: ${issues}\n`];
    });
    if (found.length > 0) warnings.push({ fieldRef, warning: found.join('\n') });
  };
  for (const [i, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    check(expression, `spec.validations[${i}].expression`);
    if (messageExpression) check(messageExpression, `spec.validations[${i}].messageExpression`);
  }
  return warnings;
}

function checkerOf(
  kind: Kind,
  { paramKind, variables }: ValidatingAdmissionPolicy['spec'],
  definitions: readonly CustomResourceDefinition[],
): TypeChecker | undefined {
  const object = typesOfKind(kind, definitions);
  if (!object) return undefined;
  const gv = paramKind && parseApiVersion(paramKind.apiVersion ?? '');
  const params = gv && typesOfKind({ ...gv, kind: paramKind.kind ?? '' }, definitions);
  const checker = new TypeChecker({
    object: object.type,
    ...(gv && { params: params?.type ?? DYN }),
    resolve: (name) => object.resolve(name) ?? params?.resolve(name),
  });
  for (const { name, expression } of variables ?? []) checker.variable(name, expression);
  return checker;
}

/** In order of groups, versions and kinds, each once. */
function matchedKinds(
  rules: readonly NamedRuleWithOperations[],
  definitions: readonly CustomResourceDefinition[],
): readonly Kind[] {
  const found = new Map<string, Kind>();
  for (const rule of rules) {
    const [groups = [], versions = []] = [rule.apiGroups, rule.apiVersions];
    if ([...groups, ...versions].some((name) => name.includes('*'))) continue;
    const resources = rule.resources?.filter((name) => !/[*/]/.test(name)) ?? [];
    const kinds = [...groups]
      .sort()
      .flatMap((group) =>
        [...versions]
          .sort()
          .flatMap((version) => [...resources].sort().flatMap((name) => kindsOf(group, version, name, definitions))),
      );
    for (const kind of kinds.slice(0, MAX_KINDS)) found.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
    // Once a rule has that many, the rules after it are not looked at.
    if (kinds.length >= MAX_KINDS) break;
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

/** The core group has no name, and where none is given all groups are meant. Resources may go by their singular. */
function kindsOf(
  group: string,
  version: string,
  resource: string,
  definitions: readonly CustomResourceDefinition[],
): Kind[] {
  const wanted = resource.toLowerCase();
  const builtin = model.groups
    .filter((gv) => gv.version === version && (group === '' || gv.group === group))
    .flatMap((gv) =>
      gv.resources
        .filter((data) => data.resource === wanted || data.singular === wanted)
        .map(({ kind }) => ({ group: gv.group, version, kind })),
    );
  const custom = definitions.filter(
    ({ spec }) =>
      (group === '' || spec.group === group) &&
      (spec.names.plural === wanted || spec.names.singular === wanted) &&
      spec.versions.some(({ name, served }) => served && name === version),
  );
  return [...builtin, ...custom.map(({ spec }) => ({ group: spec.group, version, kind: spec.names.kind }))];
}
