import type {
  FlowSchema,
  FlowSchemaCondition,
  FlowSchemaSpec,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationCondition,
} from '../../api/flowcontrol/v1.gen.ts';
import { dns1123LabelProblems } from '../../api/names.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { addAll, checkLabel1123, checkSubdomain, type Found, required } from './values.ts';

const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const MAX_PRECEDENCE = 10_000;
const MAX_QUEUES = 10_000_000;
/** Dealing a hand of queues takes bits of a hash, and it has no more. */
const HASH_BITS = 60;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

type Rule = NonNullable<FlowSchemaSpec['rules']>[number];
type Subject = Rule['subjects'][number];
type ResourceRule = NonNullable<Rule['resourceRules']>[number];
type NonResourceRule = NonNullable<Rule['nonResourceRules']>[number];

/** https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ */
export function validateFlowSchema({ metadata, spec, status }: FlowSchema): Found {
  const found: Found = [];
  const { matchingPrecedence: precedence } = spec;
  const at = SPEC.child('matchingPrecedence');
  if (precedence < 1) found.push(fieldErrors.invalid(at, precedence, 'must be a positive value'));
  if (precedence > MAX_PRECEDENCE) {
    found.push(fieldErrors.invalid(at, precedence, `must not be greater than ${MAX_PRECEDENCE}`));
  }
  if (precedence === 1 && metadata.name !== 'exempt') {
    found.push(fieldErrors.invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
  const method = spec.distinguisherMethod;
  const methods = ['ByNamespace', 'ByUser'];
  if (method && !methods.includes(method.type)) {
    const where = SPEC.child('distinguisherMethod', 'type');
    found.push(fieldErrors.notSupported(where, { Type: method.type ?? '' }, methods));
  }
  const level = SPEC.child('priorityLevelConfiguration', 'name');
  if (!spec.priorityLevelConfiguration?.name) {
    found.push(fieldErrors.required(level, 'must reference a priority level'));
  } else checkSubdomain(spec.priorityLevelConfiguration.name, level, found);
  for (const [i, rule] of (spec.rules ?? []).entries()) checkRule(rule, SPEC.child('rules').index(i), found);
  checkConditions(status?.conditions, found);
  return found;
}

export function validateFlowSchemaStatusUpdate({ status }: FlowSchema): Found {
  const found: Found = [];
  checkConditions(status?.conditions, found);
  return found;
}

type Conditions = readonly (FlowSchemaCondition | PriorityLevelConfigurationCondition)[] | undefined;

function checkConditions(conditions: Conditions, found: Found): void {
  const types = new Set<string>();
  for (const [i, { type = '' }] of (conditions ?? []).entries()) {
    const at = STATUS.child('conditions').index(i).child('type');
    if (types.has(type)) found.push(fieldErrors.duplicate(at, type));
    types.add(type);
    if (type === '') found.push(fieldErrors.required(at));
  }
}

function checkRule({ subjects, resourceRules, nonResourceRules }: Rule, path: Path, found: Found): void {
  if (!subjects?.length) {
    found.push(fieldErrors.required(path.child('subjects'), 'subjects must contain at least one value'));
  }
  for (const [i, subject] of (subjects ?? []).entries()) checkSubject(subject, path.child('subjects').index(i), found);
  if (!resourceRules?.length && !nonResourceRules?.length) {
    const why = 'at least one of resourceRules and nonResourceRules has to be non-empty';
    found.push(fieldErrors.required(path, why));
  }
  for (const [i, rule] of (resourceRules ?? []).entries()) {
    checkResourceRule(rule, path.child('resourceRules').index(i), found);
  }
  for (const [i, rule] of (nonResourceRules ?? []).entries()) {
    checkNonResourceRule(rule, path.child('nonResourceRules').index(i), found);
  }
}

const parts = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' } as const;
const owners = { user: 'User', group: 'Group', serviceAccount: 'ServiceAccount' } as const;

function checkSubject(subject: Subject, path: Path, found: Found): void {
  const { kind, serviceAccount } = subject;
  if (kind !== 'User' && kind !== 'Group' && kind !== 'ServiceAccount') {
    found.push(fieldErrors.notSupported(path.child('kind'), kind ?? '', ['Group', 'ServiceAccount', 'User']));
    return;
  }
  const own = parts[kind];
  const at = path.child(own);
  const part = subject[own];
  if (!part) found.push(fieldErrors.required(at, `${own} is required when subject kind is '${kind}'`));
  else {
    if (required(part.name, at, 'name', found) && kind === 'ServiceAccount' && part.name !== '*') {
      checkSubdomain(part.name, at.child('name'), found);
    }
    if (kind === 'ServiceAccount') {
      if (serviceAccount?.namespace) checkLabel1123(serviceAccount.namespace, at.child('namespace'), found);
      else found.push(fieldErrors.required(at.child('namespace'), 'must specify namespace for service account'));
    }
  }
  for (const other of ['serviceAccount', 'user', 'group'] as const) {
    if (other === own || !subject[other]) continue;
    const why = `${other} is forbidden when subject kind is not '${owners[other]}'`;
    found.push(fieldErrors.forbidden(path.child(other), why));
  }
}

/** A list that names everything with '*' names nothing else. */
function checkWildcard(list: readonly string[], path: Path, what: string, found: Found): boolean {
  if (!list.includes('*')) return false;
  if (list.length > 1) {
    found.push(fieldErrors.invalid(path, list, `if '*' is present, must not specify other ${what}`));
  }
  return true;
}

function checkVerbs(given: readonly string[] | undefined, path: Path, found: Found): void {
  const at = path.child('verbs');
  if (!given?.length) found.push(fieldErrors.required(at, 'verbs must contain at least one value'));
  else if (!checkWildcard(given, at, 'verbs', found) && !given.every((verb) => verbs.includes(verb))) {
    found.push(fieldErrors.notSupported(at, given, verbs));
  }
}

function checkResourceRule(rule: ResourceRule, path: Path, found: Found): void {
  checkVerbs(rule.verbs, path, found);
  const groups = path.child('apiGroups');
  if (!rule.apiGroups?.length) {
    found.push(fieldErrors.required(groups, 'resource rules must supply at least one api group'));
  } else checkWildcard(rule.apiGroups, groups, 'api groups', found);
  const resources = path.child('resources');
  if (!rule.resources?.length) {
    found.push(fieldErrors.required(resources, 'resource rules must supply at least one resource'));
  } else checkWildcard(rule.resources, resources, 'resources', found);
  const at = path.child('namespaces');
  const namespaces = rule.namespaces ?? [];
  if (namespaces.length === 0 && !rule.clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace';
    found.push(fieldErrors.required(at, why));
  } else if (!checkWildcard(namespaces, at, 'namespaces', found)) {
    for (const [i, namespace] of namespaces.entries()) {
      const intro = "each member of this list must be '*' or a DNS-1123 label; ";
      addAll(
        found,
        at.index(i),
        namespace,
        dns1123LabelProblems(namespace).map((problem) => intro + problem),
      );
    }
  }
}

function checkNonResourceRule(rule: NonResourceRule, path: Path, found: Found): void {
  checkVerbs(rule.verbs, path, found);
  const at = path.child('nonResourceURLs');
  const urls = rule.nonResourceURLs ?? [];
  if (urls.length === 0) {
    found.push(fieldErrors.required(at, 'nonResourceURLs must contain at least one value'));
  } else if (!checkWildcard(urls, at, 'non-resource URLs', found)) {
    for (const [i, url] of urls.entries()) {
      const problem = urlProblem(url);
      if (problem) found.push(fieldErrors.invalid(at.index(i), url, problem));
    }
  }
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

const ZERO_SHARES = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';

export function validatePriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration): Found {
  const found: Found = [];
  if (metadata.annotations?.[ZERO_SHARES] !== undefined) {
    found.push(fieldErrors.forbidden(Path.of('metadata', 'annotations'), `annotation '${ZERO_SHARES}' is forbidden`));
  }
  const { type, limited, exempt } = spec;
  if ((metadata.name === 'exempt') !== (type === 'Exempt')) {
    const why = "must be 'Exempt' if and only if `name` is 'exempt'";
    found.push(fieldErrors.invalid(SPEC.child('type'), type ?? '', why));
  }
  switch (type) {
    case 'Exempt':
      if (limited) found.push(fieldErrors.forbidden(SPEC.child('limited'), 'must be nil if the type is not Limited'));
      if (exempt) checkShares(exempt, SPEC.child('exempt'), found);
      break;
    case 'Limited':
      if (exempt) found.push(fieldErrors.forbidden(SPEC.child('exempt'), 'must be nil if the type is Limited'));
      if (!limited) {
        found.push(fieldErrors.required(SPEC.child('limited'), 'must not be empty when type is Limited'));
      } else checkLimited(limited, SPEC.child('limited'), found);
      break;
    default:
      found.push(fieldErrors.notSupported(SPEC.child('type'), type ?? '', ['Exempt', 'Limited']));
  }
  checkConditions(status?.conditions, found);
  return found;
}

export function validatePriorityLevelStatusUpdate({ status }: PriorityLevelConfiguration): Found {
  const found: Found = [];
  checkConditions(status?.conditions, found);
  return found;
}

type Limited = NonNullable<PriorityLevelConfiguration['spec']['limited']>;
type Exempt = NonNullable<PriorityLevelConfiguration['spec']['exempt']>;

function checkShares({ nominalConcurrencyShares: shares, lendablePercent }: Exempt, path: Path, found: Found): void {
  if (shares !== undefined && shares < 0) {
    found.push(fieldErrors.invalid(path.child('nominalConcurrencyShares'), shares, 'must be a non-negative integer'));
  }
  if (lendablePercent !== undefined && (lendablePercent < 0 || lendablePercent > 100)) {
    const at = path.child('lendablePercent');
    found.push(fieldErrors.invalid(at, lendablePercent, 'must be between 0 and 100, inclusive'));
  }
}

function checkLimited(limited: Limited, path: Path, found: Found): void {
  checkShares(limited, path, found);
  const { borrowingLimitPercent: borrowed } = limited;
  if (borrowed !== undefined && borrowed < 0) {
    const why = 'if specified, must be a non-negative integer';
    found.push(fieldErrors.invalid(path.child('borrowingLimitPercent'), borrowed, why));
  }
  const at = path.child('limitResponse');
  const { type, queuing } = limited.limitResponse ?? {};
  if (type === 'Reject') {
    if (queuing) {
      const why = 'must be nil if limited.limitResponse.type is not Limited';
      found.push(fieldErrors.forbidden(at.child('queuing'), why));
    }
  } else if (type === 'Queue') {
    if (!queuing) {
      const why = 'must not be empty if limited.limitResponse.type is Limited';
      found.push(fieldErrors.required(at.child('queuing'), why));
    } else checkQueues(queuing, at.child('queuing'), found);
  } else found.push(fieldErrors.notSupported(at.child('type'), type ?? '', ['Queue', 'Reject']));
}

type Queuing = NonNullable<NonNullable<Limited['limitResponse']>['queuing']>;

function checkQueues({ queueLengthLimit, queues, handSize }: Queuing, path: Path, found: Found): void {
  const wrong = (field: string, value: number, why: string): void => {
    found.push(fieldErrors.invalid(path.child(field), value, why));
  };
  if (queueLengthLimit <= 0) wrong('queueLengthLimit', queueLengthLimit, 'must be positive');
  if (queues <= 0) wrong('queues', queues, 'must be positive');
  else if (queues > MAX_QUEUES) wrong('queues', queues, `must not be greater than ${MAX_QUEUES}`);
  if (handSize <= 0) wrong('handSize', handSize, 'must be positive');
  else if (handSize > queues) wrong('handSize', handSize, `should not be greater than queues (${queues})`);
  else if (Math.ceil(Math.log2(queues) * handSize) > HASH_BITS) {
    const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`;
    wrong('handSize', handSize, why);
  }
}
