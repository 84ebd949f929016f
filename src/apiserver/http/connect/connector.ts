import type { Pod, Service } from '../../../api/core/v1.gen.ts';
import type { EndpointSlice } from '../../../api/discovery/v1.gen.ts';
import { errors } from '../../../api/errors.ts';
import type { KubeObject } from '../../../api/resource.ts';
import { type FieldError, fieldErrors, Path } from '../../../schema/field-error.ts';
import type { Authorizer } from '../../admission.ts';
import type { ApiCore, ConnectOptions, RequestContext, ServedResource } from '../../core.ts';
import { loopbackUser } from '../../user.ts';
import { commonHeaders } from '../answer.ts';
import { authorize } from '../authorize.ts';
import { defaultLimits } from '../limits.ts';
import type { Connector } from '../pipeline.ts';
import type { Request } from '../request.ts';
import { booleanParameter } from '../request-info.ts';
import { byteProtocols, openStream } from '../websocket-stream.ts';
import { chooseContainer } from './containers.ts';
import { ask, refusal, relay, relayedHeaders } from './forward.ts';
import type { KubeletAddress, NodeConnector } from './node-connector.ts';
import { podUpstream, serviceUpstream, splitSchemeNamePort } from './proxy.ts';
import { type SessionOptions, type Stream, sessionOptions } from './session-options.ts';
import { tunnel, type Upstream } from './tunnel.ts';

export interface ConnectorOptions {
  readonly core: ApiCore;
  readonly authorizer: Authorizer;
  readonly nodes: NodeConnector;
  /** In [0, 1); chooses among endpoints. */
  readonly random?: () => number;
}

/** Subresources that are conversations with a node or a pod, not objects, by resource. */
const handled: ReadonlyMap<string, readonly string[]> = new Map([
  ['pods', ['log', 'exec', 'attach', 'portforward', 'proxy']],
  ['services', ['proxy']],
  ['nodes', ['proxy']],
]);

/**
 * Logs, exec, attach, port-forward and proxies. The server says who may and which container is meant; what is said
 * then is between the client and the kubelet (or the pod).
 * https://kubernetes.io/docs/concepts/architecture/control-plane-node-communication/#control-plane-to-node
 */
export function createConnector(options: ConnectorOptions): Connector {
  return {
    handles: ({ info }) =>
      info.group === '' && info.version === 'v1' && (handled.get(info.resource)?.includes(info.subresource) ?? false),
    async serve(request) {
      await authorize(options.authorizer, request.attributes(), request.observer);
      const { subresource, rest } = request.info;
      const refuseDryRun = () => {
        if (request.query?.has('dryRun')) throw errors.badRequest('dryRun is not supported');
      };
      if (subresource === 'proxy') {
        refuseDryRun();
        return proxy(options, request);
      }
      const pods = options.core.resources.find('', 'v1', 'pods');
      if (!pods || rest !== '' || request.info.namespace === '') return request.notFound();
      const allowed = subresource === 'log' ? ['GET'] : ['GET', 'POST'];
      if (!allowed.includes(request.exchange.method)) throw errors.methodNotAllowed();
      if (subresource === 'log') return logs(options, request, await pod(options.core, request, pods));
      refuseDryRun();
      const query = request.query ?? new URLSearchParams();
      const wanted = await admit(options.core, request, pods, sessionOptions(subresource, query));
      await mayCreate(options.authorizer, request);
      return session(options, request, await pod(options.core, request, pods), wanted);
    },
  };
}

/** A WebSocket begins with a GET. What it does takes the right to create all the same, as it does over SPDY. */
async function mayCreate(authorizer: Authorizer, request: Request): Promise<void> {
  const { info } = request;
  if (info.verb === 'create') return;
  const { allowed, reason } = await authorizer.authorize(request.attributes('create'));
  if (!allowed) throw errors.forbidden({ group: '', resource: info.resource }, info.name, reason);
}

/** Asks admission, before anything is looked up. */
function admit<T extends ConnectOptions>(
  core: ApiCore,
  request: Request,
  resource: ServedResource,
  options: T,
): Promise<T> {
  const { namespace, name, subresource } = request.info;
  return core.admitConnect(request, { resource, namespace, name, subresource }, options);
}

const pod = (core: ApiCore, request: Request, pods: ServedResource): Promise<Pod> =>
  read<Pod>(core, request, pods, request.info.name);

/** Reads as the server itself: the client has been authorized for the subresource. */
async function read<T extends KubeObject>(
  core: ApiCore,
  request: Request,
  resource: ServedResource,
  name: string,
): Promise<T> {
  const namespace = resource.data.namespaced ? request.info.namespace : '';
  const target = { resource, namespace, name, subresource: '' };
  // The resource's objects are of its kind.
  return (await core.get(asServer(request), target, {})).object as T;
}

const asServer = (request: Request): RequestContext => ({
  user: loopbackUser,
  userAgent: request.userAgent,
  warn: () => {},
});

/* ---- logs ---- */

async function logs(options: ConnectorOptions, request: Request, pod: Pod): Promise<void> {
  const { exchange } = request;
  const query = request.query ?? new URLSearchParams();
  const wanted = logQuery(query);
  const container = chooseContainer(pod, query.get('container') || undefined);
  const node = pod.spec.nodeName ?? '';
  if (node === '') {
    // Nothing has run yet, so nothing has been said.
    const { 'content-type': _, ...headers } = commonHeaders(exchange, 'text/plain');
    exchange.respond(204, headers, []);
    return;
  }
  let kubelet: Upstream = await options.nodes.kubeletFor(node);
  if (booleanParameter(query, 'insecureSkipTLSVerifyBackend'))
    kubelet = { ...kubelet, tls: { ...kubelet.tls, ca: undefined, rejectUnauthorized: false, ...noCredentials } };
  const path = kubeletPath('containerLogs', pod, container, wanted);
  const response = await ask(exchange, kubelet, 'GET', path, 0);
  if ((response.statusCode ?? 500) >= 300) throw await refusal(response, 'pods/log', pod.metadata.name ?? '');
  await relay(exchange, response, await openStream(exchange, commonHeaders(exchange, 'text/plain'), byteProtocols));
}

/** A node that is not verified is not shown the server's certificate either. */
const noCredentials = { cert: undefined, key: undefined };

/** PodLogOptions as the kubelet wants them; throws 422 for what makes no sense. */
function logQuery(query: URLSearchParams): URLSearchParams {
  const wanted = new URLSearchParams();
  const found: FieldError[] = [];
  for (const flag of ['follow', 'previous', 'timestamps']) if (booleanParameter(query, flag)) wanted.set(flag, 'true');
  const least = { tailLines: 0, limitBytes: 1, sinceSeconds: 1 };
  for (const [name, least_] of Object.entries(least)) {
    const text = query.get(name);
    if (text === null || text === '') continue;
    if (!/^-?\d+$/.test(text))
      throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    const value = Number(text);
    if (value < least_) {
      const why = least_ === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
      found.push(fieldErrors.invalid(Path.of(name), value, why));
    }
    wanted.set(name, text);
  }
  const sinceTime = query.get('sinceTime');
  if (sinceTime) {
    if (wanted.has('sinceSeconds'))
      found.push(fieldErrors.forbidden(Path.root, 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
    wanted.set('sinceTime', sinceTime);
  }
  const stream = query.get('stream');
  if (stream && stream !== 'All') {
    if (stream !== 'Stdout' && stream !== 'Stderr')
      found.push(fieldErrors.notSupported(Path.of('stream'), stream, ['All', 'Stderr', 'Stdout']));
    else if (wanted.has('tailLines'))
      found.push(fieldErrors.forbidden(Path.root, '`tailLines` and specific `stream` are mutually exclusive for now'));
    wanted.set('stream', stream);
  }
  if (found.length > 0) throw errors.invalid({ group: '', kind: 'PodLogOptions' }, '', found);
  return wanted;
}

/* ---- exec, attach, port-forward ---- */

const verbs: Readonly<Record<string, string>> = { exec: 'exec', attach: 'attach', portforward: 'portForward' };
/** What the API and what the kubelet call a stream. */
const streams: Readonly<Record<Stream, string>> = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };

async function session(options: ConnectorOptions, request: Request, pod: Pod, asked: SessionOptions): Promise<void> {
  const { subresource } = request.info;
  const wanted = new URLSearchParams();
  let container: string | undefined;
  if (subresource === 'portforward') {
    if (asked.ports) wanted.set('port', asked.ports.join(','));
  } else {
    container = chooseContainer(pod, asked.container);
    for (const [theirs, kubelets] of Object.entries(streams)) if (asked[theirs as Stream]) wanted.set(kubelets, '1');
    for (const word of asked.command ?? []) wanted.append('command', word);
  }
  const node = pod.spec.nodeName ?? '';
  if (node === '') throw errors.badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const kubelet: KubeletAddress = await options.nodes.kubeletFor(node);
  await tunnel(request.exchange, kubelet, kubeletPath(verbs[subresource] ?? subresource, pod, container, wanted));
}

function kubeletPath(verb: string, pod: Pod, container: string | undefined, query: URLSearchParams): string {
  const parts = [verb, pod.metadata.namespace ?? '', pod.metadata.name ?? '', ...(container ? [container] : [])];
  const path = `/${parts.map(encodeURIComponent).join('/')}`;
  return query.size > 0 ? `${path}?${query}` : path;
}

/* ---- proxies ---- */

async function proxy(options: ConnectorOptions, request: Request): Promise<void> {
  const { exchange, info } = request;
  const resource = options.core.resources.find('', 'v1', info.resource);
  if (!resource) return request.notFound();
  const { kind } = resource.data.subresources?.proxy ?? { kind: '' };
  const asked: ConnectOptions & { path?: string } = { apiVersion: 'v1', kind, ...(info.rest && { path: info.rest }) };
  const { path: rest = '/' } = await admit(options.core, request, resource, asked);
  const upstream = await upstreamOf(options, request, resource);
  const mark = exchange.url.indexOf('?');
  const search = mark < 0 ? '' : exchange.url.slice(mark);
  // Decoded once for authorization; encoded again so that nothing in it becomes a query.
  const path = `${rest.split('/').map(encodeURIComponent).join('/')}${search}`;
  if (exchange.upgrade) return tunnel(exchange, upstream, path);
  const response = await ask(exchange, upstream, exchange.method, path, defaultLimits.bodyBytes);
  await relay(exchange, response, exchange.stream(response.statusCode ?? 502, relayedHeaders(response)));
}

async function upstreamOf(
  { core, nodes, random = Math.random }: ConnectorOptions,
  request: Request,
  resource: ServedResource,
): Promise<Upstream> {
  const { info } = request;
  const id = splitSchemeNamePort(info.name);
  if (!id) throw errors.badRequest(`invalid ${info.resource} request ${JSON.stringify(info.name)}`);
  switch (info.resource) {
    case 'nodes': {
      await read(core, request, resource, id.name);
      return nodes.kubeletFor(id.name);
    }
    case 'pods':
      return podUpstream(await read<Pod>(core, request, resource, id.name), id.scheme, id.port);
    default: {
      const service = await read<Service>(core, request, resource, id.name);
      const slices = core.resources.find('discovery.k8s.io', 'v1', 'endpointslices');
      if (!slices) throw errors.serviceUnavailable(`no endpoints available for service ${JSON.stringify(id.name)}`);
      const target = { resource: slices, namespace: info.namespace, name: '', subresource: '' };
      const labelSelector = `kubernetes.io/service-name=${id.name}`;
      const { items } = await core.list(asServer(request), target, { labelSelector });
      // The resource's objects are of its kind.
      const endpoints = items.map(({ object }) => object as EndpointSlice);
      return serviceUpstream(service, endpoints, id.scheme, id.port, random());
    }
  }
}
