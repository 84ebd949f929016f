import { existsSync } from 'node:fs';
import { type Validation, validatingadmissionpolicies } from '../../api/admissionregistration/v1.gen.ts';
import { refusalAnnotations as annotation } from '../../apiserver/audit/refusal-log.ts';
import type { Client } from '../../client/client.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { connect } from '../connect.ts';
import { clusterPaths } from '../paths.ts';
import { deniedByPolicy, deniedByWebhook, type Explanation, explainPlugin } from './admission.ts';
import { type Asked, leastGrant } from './grant.ts';
import { type Refused, readRefused } from './refused.ts';

export interface ExplainOptions {
  readonly dataDir: string;
  /** Another audit log, in JSON. */
  readonly file?: string;
  readonly auditID?: string;
  readonly user?: string;
  /** How many requests, the last first counted. */
  readonly last: number;
}

/**
 * Who said no to requests that were refused, and what would have allowed them, in lines for people. Throws, in words for
 * people, where there is no log or no such request.
 */
export async function explainDenied(options: ExplainOptions): Promise<readonly string[]> {
  const paths = clusterPaths(options.dataDir);
  const file = options.file ?? paths.refusals;
  if (!existsSync(file))
    throw new Error(
      `${file} is not there: no server has run with --data-dir ${paths.dataDir}, or it has refused nothing.`,
    );
  const all = readRefused(file).filter(
    ({ auditID, user, as }) =>
      (options.auditID === undefined || auditID === options.auditID) &&
      (options.user === undefined || user === options.user || as?.name === options.user),
  );
  if (all.length === 0) {
    if (options.auditID === undefined && options.user === undefined) return ['No request has been refused.'];
    throw new Error(`${file} tells of no such refused request.`);
  }
  const client = existsSync(paths.adminKubeconfig) ? connect(paths.adminKubeconfig, 'skiff') : undefined;
  try {
    const lines: string[] = [];
    for (const refused of all.slice(-options.last)) {
      if (lines.length > 0) lines.push('');
      lines.push(...(await explain(refused, client)));
    }
    return lines;
  } finally {
    await client?.close();
  }
}

/** `client` tells what policies say; without it there is what the log knows. */
export async function explain(refused: Refused, client: Client | undefined): Promise<string[]> {
  const { why, cure } = await explanationOf(refused, client);
  const { auditID, time, code, reason } = refused;
  return [
    `${time.replace('T', ' ').replace(/\.\d+Z$/, 'Z')}  ${requestLine(refused)}`,
    `  ${code}${reason ? ` ${reason}` : ''}, audit ID ${auditID}`,
    ...why.map((line) => `  ${line}`),
    ...(cure.length > 0 ? ['  What would have allowed it:', ...cure.map((line) => `    ${line}`)] : []),
  ];
}

function requestLine({ user, as, verb, object, uri }: Refused): string {
  const { group, resource, subresource, namespace, name } = object;
  const who = `${user || 'somebody'}${as ? ` as ${as.name}` : ''}`;
  if (resource === '') return `${who}: ${verb} ${uri}`;
  const what = `${resource}${group && `.${group}`}${subresource && `/${subresource}`}${name && ` "${name}"`}`;
  return `${who}: ${verb} ${what}${namespace && ` in the namespace ${namespace}`}`;
}

async function explanationOf(refused: Refused, client: Client | undefined): Promise<Explanation> {
  const { annotations, message, code } = refused;
  const policy = deniedByPolicy(message);
  if (policy) return explainPolicy(policy, client);
  const webhook = deniedByWebhook(message);
  if (webhook) {
    return {
      why: [`The admission webhook ${webhook.webhook} said no: ${webhook.why}`],
      cure: [
        'Change the request as the webhook wants it. Its configuration:',
        '  kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations',
      ],
    };
  }
  const by = annotations[annotation.by];
  const plugin = annotations[annotation.plugin];
  if (by === 'admission plugin' && plugin !== undefined) {
    const explained = explainPlugin(plugin, refused);
    return { ...explained, why: [`The admission plugin ${plugin} said no.`, ...explained.why] };
  }
  if (by === 'authenticator' || code === 401) return explainAuthentication(refused);
  if (by === 'limit' || code === 429) return explainLimit(refused);
  return explainAuthorization(refused);
}

function explainAuthentication({ annotations }: Refused): Explanation {
  const why = annotations[annotation.why] ?? 'the credentials are not good, or there are none';
  const cure = /expired/.test(why)
    ? 'Fresh credentials: "kubectl create token ACCOUNT" for a service account; agents and pods renew theirs by themselves.'
    : 'Good credentials: "skiff kubeconfig" prints those of the administrator; tokens come from "kubectl create token ACCOUNT".';
  return { why: [`No authenticator took the credentials: ${why}.`], cure: [cure] };
}

function explainLimit({ annotations }: Refused): Explanation {
  const [schema, level] = [annotations[annotation.flowSchema], annotations[annotation.priorityLevel]];
  const whose = level
    ? ` The flow schema ${schema} puts such requests into the priority level ${level}, which is full.`
    : '';
  return {
    why: [`Too many requests were under way.${whose}`],
    cure: [
      'To try again: well-behaved clients wait as long as Retry-After says.',
      level
        ? `More seats: kubectl edit prioritylevelconfiguration ${level} (spec.limited.nominalConcurrencyShares)`
        : 'More room: --max-requests-inflight and --max-mutating-requests-inflight of "skiff server".',
    ],
  };
}

function explainAuthorization(refused: Refused): Explanation {
  const asked = askedOf(refused);
  const reason = refused.annotations['authorization.k8s.io/reason'] ?? '';
  const groups = (refused.as ?? refused).groups;
  const membership = groups.length > 0 ? `, nor to the groups ${groups.join(', ')}` : '';
  const why = [`The authorizer said no: no rule allows this to ${asked.user}${membership}.`];
  const wanted = asked.verb.startsWith('impersonate') ? refused.annotations[annotation.impersonates] : undefined;
  if (wanted !== undefined) why.push(`Asked was for leave to act as ${wanted}.`);
  if (reason) why.push(`It said: ${reason}`);
  if (asked.user.startsWith('system:node:')) {
    return {
      why: [...why, 'Nodes are allowed what the pods bound to them refer to, and nothing by RBAC.'],
      cure: ['Bind a pod that refers to the object to this node, or ask with other credentials.'],
    };
  }
  const { commands, yaml } = leastGrant(wanted === undefined ? asked : impersonation(asked.user, wanted));
  return {
    why,
    cure: [
      ...commands,
      'The same as YAML:',
      ...yaml
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    ],
  };
}

/** Leave to act as somebody, whatever is done then. */
function impersonation(user: string, wanted: string): Asked {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(wanted) ?? [];
  const what =
    namespace !== undefined && name !== undefined
      ? { resource: 'serviceaccounts', namespace, name }
      : { resource: 'users', namespace: '', name: wanted };
  return { user, verb: 'impersonate', group: '', subresource: '', path: '', ...what };
}

/** What the authorizer was asked: told in so many words by Skiff's own log, else what the request is about. */
function askedOf(refused: Refused): Asked {
  const { object, verb, uri } = refused;
  const user = refused.as?.name ?? refused.user;
  const told = parsed(refused.annotations[annotation.asked]);
  if (!told) return { user, verb, ...object, path: object.resource === '' ? (uri.split('?', 1)[0] ?? '') : '' };
  const text = (key: string, from: JsonObject = told) => (typeof from[key] === 'string' ? from[key] : '');
  const resource = text('resource');
  return {
    user: (isJsonObject(told.user) && text('name', told.user)) || user,
    verb: text('verb'),
    group: text('group'),
    resource,
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
    path: resource === '' ? text('path') : '',
  };
}

function parsed(json: string | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(json ?? '');
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function explainPolicy(
  { policy, binding, why }: { policy: string; binding: string | undefined; why: string },
  client: Client | undefined,
): Promise<Explanation> {
  const said = `The ValidatingAdmissionPolicy ${policy}${binding ? ` (bound by ${binding})` : ''} said no: ${why}`;
  const expressions = (await validationsOf(policy, client)).filter((one) => saysSo(one, why));
  return {
    why: [said],
    cure: [
      ...(expressions.length > 0
        ? ['An object of which this is true:', ...expressions.map(({ expression }) => `  ${expression}`)]
        : [`An object that the policy accepts: kubectl get validatingadmissionpolicy ${policy} --output=yaml`]),
      ...(binding
        ? [`Or a binding that does not fit the request: kubectl edit validatingadmissionpolicybinding ${binding}`]
        : []),
    ],
  };
}

/** Of the policy as it is now; none where it cannot be read. */
async function validationsOf(policy: string, client: Client | undefined): Promise<readonly Validation[]> {
  try {
    return (await client?.resource(validatingadmissionpolicies).get('', policy))?.spec.validations ?? [];
  } catch {
    return [];
  }
}

/** Whether a validation may have given the message; those with a message of their own making may have given any. */
const saysSo = ({ message, messageExpression, expression }: Validation, why: string): boolean =>
  messageExpression !== undefined || (message === undefined ? why.includes(expression.trim()) : why === message.trim());
