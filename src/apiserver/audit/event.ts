import type { Status, StatusDetails } from '../../api/meta/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { UserInfo } from '../user.ts';
import type { Level, Stage } from './policy.ts';

/** The object that a request is about; "" and absent are the same. */
export interface ObjectReference {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly subresource: string;
}

export interface ResponseStatus {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** One event, at one stage of a request: audit.k8s.io/v1 Event. https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ */
export interface AuditEvent {
  readonly level: Level;
  readonly auditID: string;
  readonly stage: Stage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: UserInfo | undefined;
  readonly impersonatedUser: UserInfo | undefined;
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  readonly objectRef: ObjectReference | undefined;
  readonly responseStatus: ResponseStatus | undefined;
  /** JSON texts. */
  readonly requestObject: string | undefined;
  readonly responseObject: string | undefined;
  /** Milliseconds since the epoch. */
  readonly received: number;
  readonly at: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What of a Status an event tells. */
export const responseStatus = ({ status, message, reason, details, code }: Status): ResponseStatus => ({
  ...(status && { status }),
  ...(message && { message }),
  ...(reason && { reason }),
  ...(details && { details }),
  ...(code && { code }),
});

const userTexts = new WeakMap<UserInfo, string>();

function userText(user: UserInfo | undefined): string {
  if (!user) return '{}';
  let text = userTexts.get(user);
  if (text === undefined) {
    const { name, uid, groups, extra } = user;
    text = JSON.stringify({
      ...(name && { username: name }),
      ...(uid && { uid }),
      ...(groups.length > 0 && { groups }),
      ...(extra && Object.keys(extra).length > 0 && { extra }),
    });
    userTexts.set(user, text);
  }
  return text;
}

function referenceText(reference: ObjectReference): string {
  const { resource, namespace, name, uid, apiGroup, apiVersion, resourceVersion, subresource } = reference;
  let text = `{"resource":${JSON.stringify(resource)}`;
  if (namespace) text += `,"namespace":${JSON.stringify(namespace)}`;
  if (name) text += `,"name":${JSON.stringify(name)}`;
  if (uid) text += `,"uid":${JSON.stringify(uid)}`;
  if (apiGroup) text += `,"apiGroup":${JSON.stringify(apiGroup)}`;
  if (apiVersion) text += `,"apiVersion":${JSON.stringify(apiVersion)}`;
  if (resourceVersion) text += `,"resourceVersion":${JSON.stringify(resourceVersion)}`;
  if (subresource) text += `,"subresource":${JSON.stringify(subresource)}`;
  return `${text}}`;
}

let lastTime = Number.NaN;
let lastText = '';

/** metav1.MicroTime; many events fall into one millisecond. */
function timeText(ms: number): string {
  if (ms !== lastTime) {
    lastTime = ms;
    lastText = `${new Date(ms).toISOString().slice(0, -1)}000Z`;
  }
  return lastText;
}

/** The event as JSON on one line, without its end, fields in Kubernetes' order. */
export function eventJson(event: AuditEvent): string {
  const { impersonatedUser, sourceIPs, userAgent, objectRef, requestObject, responseObject, annotations } = event;
  let text = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${event.level}","auditID":${JSON.stringify(event.auditID)}`;
  text += `,"stage":"${event.stage}","requestURI":${JSON.stringify(event.requestURI)},"verb":${JSON.stringify(event.verb)}`;
  text += `,"user":${userText(event.user)}`;
  if (impersonatedUser) text += `,"impersonatedUser":${userText(impersonatedUser)}`;
  if (sourceIPs.length > 0) text += `,"sourceIPs":${JSON.stringify(sourceIPs)}`;
  if (userAgent) text += `,"userAgent":${JSON.stringify(userAgent)}`;
  if (objectRef) text += `,"objectRef":${referenceText(objectRef)}`;
  if (event.responseStatus) text += `,"responseStatus":${statusText(event.responseStatus)}`;
  if (requestObject !== undefined) text += `,"requestObject":${requestObject}`;
  if (responseObject !== undefined) text += `,"responseObject":${responseObject}`;
  text += `,"requestReceivedTimestamp":"${timeText(event.received)}","stageTimestamp":"${timeText(event.at)}"`;
  const keys = Object.keys(annotations).sort();
  if (keys.length > 0) {
    const entries = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(annotations[key])}`);
    text += `,"annotations":{${entries.join(',')}}`;
  }
  return `${text}}`;
}

function statusText(status: ResponseStatus): string {
  const rest = JSON.stringify(status).slice(1);
  return rest === '}' ? '{"metadata":{}}' : `{"metadata":{},${rest}`;
}

/** The event in a line of the format "legacy", without its end. */
export function eventLine(event: AuditEvent): string {
  const { user, impersonatedUser } = event;
  const names = (list: readonly string[]) => list.map(quote).join(',');
  const fields: readonly (readonly [string, string])[] = [
    ['id', event.auditID],
    ['stage', event.stage],
    ['ip', event.sourceIPs[0] ?? '<unknown>'],
    ['method', event.verb],
    ['user', user?.name || '<none>'],
    ['groups', user?.name && user.groups.length > 0 ? names(user.groups) : '<none>'],
    ['as', impersonatedUser?.name ?? '<self>'],
    ['asgroups', impersonatedUser ? names(impersonatedUser.groups) : '<lookup>'],
    ['user-agent', event.userAgent],
    ['namespace', event.objectRef?.namespace || '<none>'],
    ['uri', event.requestURI],
  ];
  const response = event.responseStatus ? String(event.responseStatus.code ?? 0) : '<deferred>';
  const told = fields.map(([name, value]) => `${name}=${quote(value)}`).join(' ');
  return `${new Date(event.received).toISOString()} AUDIT: ${told} response="${response}"`;
}
