import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import type { GRPCAction, HTTPGetAction, TCPSocketAction } from '../../api/core/v1.gen.ts';
import { loadProto } from '../../utils/proto.ts';
import { kubernetesVersion } from '../../utils/version.ts';
import type { AnyContainer } from '../pods/pod.ts';

/** How a check went; `message` is for the Unhealthy event. */
export interface ProbeOutcome {
  readonly result: 'success' | 'warning' | 'failure' | 'unknown';
  readonly message: string;
}

/** Bytes of an answer that are read and shown. */
const MOST_BODY = 10 * 1024;

/** The number of a port given by number or by name; where there is none, that, in the kubelet's words. */
export function resolvePort(port: number | string, container: AnyContainer): number | ProbeOutcome {
  const named = container.ports?.find((p) => p.name === port)?.containerPort;
  const number = typeof port === 'number' ? port : (named ?? Number(port));
  if (typeof port === 'string' && named === undefined && !/^\d+$/.test(port)) {
    const message = `couldn't find port: ${JSON.stringify(port)} in container: ${JSON.stringify(container.name)}`;
    return { result: 'unknown', message };
  }
  return number > 0 && number < 65536 ? number : { result: 'unknown', message: `invalid port number: ${number}` };
}

/** "host:port", with brackets around IPv6. */
const hostPort = (host: string, port: number) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/**
 * Asks once. 200 to 399 is success; a redirect to another host is success with a warning, to the same host it is
 * followed. Never rejects.
 */
export function probeHttp(
  action: HTTPGetAction,
  podIP: string,
  container: AnyContainer,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const port = resolvePort(action.port, container);
  if (typeof port !== 'number') return Promise.resolve(port);
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path ?? '/';
  const url = `${scheme}://${hostPort(action.host || podIP, port)}${path.startsWith('/') ? '' : '/'}${path}`;
  const headers: Record<string, string[]> = {};
  for (const { name, value } of action.httpHeaders ?? []) {
    const lower = name.toLowerCase();
    headers[lower] = [...(headers[lower] ?? []), value];
  }
  headers['user-agent'] ??= [`kube-probe/${kubernetesVersion.slice(1).replace(/\.\d+$/, '')}`];
  headers.accept ??= ['*/*'];
  return fetchOnce(url, headers, timeoutMs, 10);
}

async function fetchOnce(
  url: string,
  headers: Record<string, string[]>,
  timeoutMs: number,
  redirects: number,
): Promise<ProbeOutcome> {
  const failed = (why: string): ProbeOutcome => ({ result: 'failure', message: `Get "${url}": ${why}` });
  let target: URL;
  try {
    target = new URL(url);
  } catch {
    return failed('invalid URL');
  }
  const answer = await new Promise<ProbeOutcome | { status: number; location?: string; body: string }>((resolve) => {
    const options = {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, values]) => [name, name === 'host' ? values[0] : values]),
      ),
      agent: false as const,
      // A pod's certificate is its own affair; only whether it answers is asked.
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    };
    const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, options, (response) => {
      let body = '';
      const status = response.statusCode ?? 0;
      const finish = () => {
        resolve({ status, body, ...(response.headers.location && { location: response.headers.location }) });
        response.destroy();
      };
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString('utf8');
        if (body.length >= MOST_BODY) {
          body = body.slice(0, MOST_BODY);
          finish();
        }
      });
      response.on('end', finish);
      response.on('error', (error) => resolve(failed(error.message)));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(failed(goNetworkError(error, target, timeoutMs))));
    request.end();
  });
  if ('result' in answer) return answer;
  const { status, location, body } = answer;
  if (status >= 300 && status < 400 && location) {
    const next = URL.canParse(location, target.href) ? new URL(location, target) : undefined;
    if (next && next.hostname === target.hostname) {
      if (redirects === 0) return failed('stopped after 10 redirects');
      return fetchOnce(next.href, headers, timeoutMs, redirects - 1);
    }
    return { result: 'warning', message: `Probe terminated redirects, Response body: ${body}` };
  }
  if (status >= 200 && status < 400) return { result: 'success', message: body };
  return { result: 'failure', message: `HTTP probe failed with statuscode: ${status}` };
}

/** The words of Go's network errors, which is what people search for. */
function goNetworkError(error: NodeJS.ErrnoException, url: URL, timeoutMs: number): string {
  const address = hostPort(
    url.hostname.replace(/^\[|\]$/g, ''),
    Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
  );
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return `context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  }
  if (error.code === 'ECONNREFUSED') return `dial tcp ${address}: connect: connection refused`;
  if (error.code === 'EHOSTUNREACH') return `dial tcp ${address}: connect: no route to host`;
  if (error.code === 'ETIMEDOUT') return `dial tcp ${address}: i/o timeout after ${timeoutMs} ms`;
  if (error.code === 'ECONNRESET') return /hang up/.test(error.message) ? 'EOF' : 'read: connection reset by peer';
  return error.message;
}

/** Success when the port accepts a connection. Never rejects. */
export function probeTcp(
  action: TCPSocketAction,
  podIP: string,
  container: AnyContainer,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const port = resolvePort(action.port, container);
  if (typeof port !== 'number') return Promise.resolve(port);
  const host = action.host || podIP;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const finish = (outcome: ProbeOutcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => finish({ result: 'success', message: '' }));
    socket.once('timeout', () =>
      finish({ result: 'failure', message: `dial tcp ${hostPort(host, port)}: i/o timeout` }),
    );
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ECONNREFUSED'
          ? 'connect: connection refused'
          : error.code === 'EHOSTUNREACH'
            ? 'connect: no route to host'
            : error.message;
      finish({ result: 'failure', message: `dial tcp ${hostPort(host, port)}: ${why}` });
    });
  });
}

const healthProto = `
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse { ServingStatus status = 1; }
enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
`;
let healthCheck: MethodDefinition<object, object> | undefined;

/** The gRPC health checking protocol, without TLS. Never rejects. */
export function probeGrpc(action: GRPCAction, podIP: string, timeoutMs: number): Promise<ProbeOutcome> {
  if (!healthCheck) {
    const service = loadProto('grpc.health.v1', healthProto)['grpc.health.v1.Health'];
    // proto-loader types services and messages as one union; this one is the service above.
    healthCheck = (service as unknown as { Check: MethodDefinition<object, object> }).Check;
  }
  const method = healthCheck;
  const address = hostPort(podIP, action.port);
  const client = new Client(address, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      { service: action.service ?? '' },
      { deadline: Date.now() + timeoutMs },
      (error, answer?: { status?: string }) => {
        client.close();
        if (error) {
          const seconds = timeoutMs / 1000;
          const why =
            error.code === 12
              ? 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)'
              : error.code === 4
                ? `timeout: health rpc did not complete within ${seconds}s`
                : error.code === 14
                  ? `timeout: failed to connect service ${JSON.stringify(address)} within ${seconds}s: ${error.details}`
                  : `error: health rpc probe failed: ${error.details}`;
          resolve({ result: 'failure', message: why });
        } else if (answer?.status === 'SERVING') {
          resolve({ result: 'success', message: 'service healthy' });
        } else {
          resolve({
            result: 'failure',
            message: `service unhealthy (responded with ${JSON.stringify(answer?.status)})`,
          });
        }
      },
    );
  });
}
