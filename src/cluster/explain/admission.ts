import { addQuantities, compareQuantities, formatQuantity, subtractQuantities } from '../../schema/quantity.ts';
import { shell } from './grant.ts';
import type { Refused } from './refused.ts';

/** What is said of a refusal: why, then what would have allowed it. */
export interface Explanation {
  readonly why: readonly string[];
  readonly cure: readonly string[];
}

/** What a plugin's message says, where it is more than its words. */
export function explainPlugin(plugin: string, refused: Refused): Explanation {
  const { message, object } = refused;
  switch (plugin) {
    case 'PodSecurity':
      return podSecurity(message, object.namespace);
    case 'ResourceQuota':
      return quota(message, object.namespace);
    case 'PrivilegeEscalation':
      return escalation(refused);
    case 'NamespaceLifecycle':
      return told(message, [
        'Choose a namespace that is not being deleted, or wait until it is gone and make it anew.',
      ]);
    case 'LimitRanger':
      return told(message, [
        `Keep to the limit ranges of the namespace, or change them: kubectl describe limitrange --namespace=${shell(object.namespace)}`,
      ]);
    case 'ServiceAccount':
      return told(message, ['Make the service account, or name one that is there in spec.serviceAccountName.']);
    case 'NodeRestriction':
      return told(message, [
        'A node may change only itself, its lease and its pods; use other credentials for the rest.',
      ]);
    default:
      return told(message, [
        `Change the request so that the plugin ${plugin} accepts it: its message says what is wrong.`,
      ]);
  }
}

const told = (message: string, cure: readonly string[]): Explanation => ({ why: [message], cure });

/** `violates PodSecurity "restricted:latest": CHECK (WHERE must set FIELD), ...` */
export function podSecurity(message: string, namespace: string): Explanation {
  const match = /violates PodSecurity "([a-z]+):([^"]+)": (.*)$/s.exec(message);
  if (!match) return told(message, []);
  const [, level = '', version = '', rest = ''] = match;
  const fields = [...rest.matchAll(/\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g)].map(([, inside = '']) => inside);
  const lower = level === 'restricted' ? 'baseline' : 'privileged';
  return {
    why: [
      `The namespace ${namespace} enforces the Pod Security Standard "${level}" (version ${version}); the pod breaks it:`,
      ...splitChecks(rest).map((check) => `  ${check}`),
    ],
    cure: [
      'Change the pod:',
      ...fields.map((field) => `  ${field}`),
      `Or, if pods of this namespace may do so, enforce less (is "${lower}" enough? the server tells, with --dry-run=server):`,
      `  kubectl label --overwrite namespace ${shell(namespace)} pod-security.kubernetes.io/enforce=${lower}`,
    ],
  };
}

/** Checks stand between commas, which may also be within their brackets. */
function splitChecks(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (depth === 0 && text.startsWith(', ', i)) {
      found.push(text.slice(start, i));
      start = i + 2;
    }
  }
  return [...found, text.slice(start)];
}

type Amounts = ReadonlyMap<string, string>;

const amounts = (text: string): Amounts =>
  new Map(
    text.split(',').flatMap((one) => {
      const [name, value] = one.split('=');
      return name && value ? [[name, value] as const] : [];
    }),
  );

/** `exceeded quota: NAME, requested: a=1,b=2, used: ..., limited: ...` */
export function quota(message: string, namespace: string): Explanation {
  const match = /exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)/.exec(message);
  if (!match) {
    const unset = /failed quota: (\S+): must specify (.*)$/.exec(message);
    if (!unset) return told(message, []);
    return {
      why: [`The quota ${unset[1]} of the namespace ${namespace} counts what the pod does not state.`],
      cure: [`State it in the pod's containers: ${unset[2]}; or let a LimitRange of the namespace fill it in.`],
    };
  }
  const [, name = '', requested = '', used = '', limited = ''] = match;
  const [uses, limits] = [amounts(used), amounts(limited)];
  const hard: Record<string, string> = {};
  const why = [...amounts(requested)].map(([resource, wanted]) => {
    const [use, limit] = [uses.get(resource) ?? '0', limits.get(resource) ?? '0'];
    hard[resource] = formatQuantity(addQuantities(use, wanted));
    const left = compareQuantities(limit, use) < 0 ? '0' : formatQuantity(subtractQuantities(limit, use));
    return `  ${resource}: ${left} left of ${limit} (${use} in use), ${wanted} asked for`;
  });
  const patch = JSON.stringify({ spec: { hard } });
  return {
    why: [`The quota ${name} of the namespace ${namespace} has no room:`, ...why],
    cure: [
      'Ask for less, delete something, or raise the quota:',
      `  kubectl patch resourcequota ${shell(name)} --namespace=${shell(namespace)} --type=merge --patch=${shell(patch)}`,
    ],
  };
}

/** Nobody may give away what they do not have. */
function escalation({ message, user, as, object }: Refused): Explanation {
  const who = as?.name ?? user;
  const verb = object.resource.endsWith('bindings') ? 'bind' : 'escalate';
  const role = object.namespace === '' ? 'clusterroles' : 'roles';
  return {
    why: [message],
    cure: [
      `Let somebody do it who has these permissions, or give them to ${who} first.`,
      `The verb "${verb}" on ${role} (rbac.authorization.k8s.io) would allow it too, and lets ${who} give themselves anything.`,
    ],
  };
}

/** `ValidatingAdmissionPolicy 'P' with binding 'B' denied request: MESSAGE` */
export function deniedByPolicy(
  message: string,
): { policy: string; binding: string | undefined; why: string } | undefined {
  const match = /ValidatingAdmissionPolicy '([^']+)'(?: with binding '([^']+)')? denied request: (.*)$/s.exec(message);
  return match ? { policy: match[1] ?? '', binding: match[2], why: match[3] ?? '' } : undefined;
}

/** `admission webhook "W" denied the request: MESSAGE` */
export function deniedByWebhook(message: string): { webhook: string; why: string } | undefined {
  const match = /admission webhook "([^"]+)" denied the request(?: without explanation|: (.*))$/s.exec(message);
  return match ? { webhook: match[1] ?? '', why: match[2] ?? 'it gave no reason' } : undefined;
}
