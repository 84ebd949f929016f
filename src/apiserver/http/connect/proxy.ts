import { isIP } from 'node:net';
import type { Pod, Service } from '../../../api/core/v1.gen.ts';
import type { EndpointSlice } from '../../../api/discovery/v1.gen.ts';
import { type ApiError, errors } from '../../../api/errors.ts';
import { quote } from '../../../schema/quote.ts';
import type { Upstream } from './tunnel.ts';

/** `name`, `name:port` or `scheme:name:port` as the path of a proxy names its target; undefined for anything else. */
export function splitSchemeNamePort(id: string): { scheme: string; name: string; port: string } | undefined {
  const parts = id.split(':');
  const [scheme, name, port] = parts.length === 1 ? ['', id, ''] : parts.length === 2 ? ['', ...parts] : parts;
  if (parts.length > 3 || !name || (scheme !== '' && scheme !== 'http' && scheme !== 'https')) return undefined;
  return { scheme: scheme ?? '', name, port: port ?? '' };
}

/** Certificates of workloads are not checked: nobody here could know their authority (as kube-apiserver). */
const unchecked = { rejectUnauthorized: false };

/** Where a pod listens; its first declared port unless one is named. */
export function podUpstream(pod: Pod, scheme: string, port: string): Upstream {
  const host = pod.status?.podIP ?? '';
  if (host === '') throw errors.badRequest('address not allowed');
  refuseLocal(host);
  const number = port === '' ? (firstPort(pod) ?? 80) : podPort(pod, port);
  return { host, port: number, ...(scheme === 'https' && { tls: unchecked }) };
}

function firstPort(pod: Pod): number | undefined {
  for (const { ports } of pod.spec.containers) if (ports?.[0]) return ports[0].containerPort;
  return undefined;
}

function podPort(pod: Pod, port: string): number {
  const number = portNumber(port);
  if (number !== undefined) return number;
  for (const { ports } of pod.spec.containers) {
    const found = ports?.find(({ name }) => name === port);
    if (found) return found.containerPort;
  }
  throw errors.badRequest(`port ${quote(port)} is not a port of pod ${pod.metadata.name}`);
}

const portNumber = (text: string): number | undefined =>
  /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536 ? Number(text) : undefined;

/** A ready endpoint of a service, chosen by `random` (in [0, 1)). */
export function serviceUpstream(
  service: Service,
  slices: readonly EndpointSlice[],
  scheme: string,
  port: string,
  random: number,
): Upstream {
  const { name } = service.metadata;
  const ports = service.spec.ports ?? [];
  const number = portNumber(port);
  const found =
    port === '' && ports.length === 1
      ? ports[0]
      : ports.find((p) => (number !== undefined ? p.port === number : (p.name ?? '') === port));
  if (!found) throw unavailable(`no service port ${quote(port)} found for service ${quote(name ?? '')}`);
  const choices = slices.flatMap((slice) => {
    const target = slice.ports?.find((p) => (p.name ?? '') === (found.name ?? ''))?.port;
    if (target === undefined) return [];
    return (slice.endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses.map((host) => ({ host, port: target })));
  });
  const chosen = choices[Math.floor(random * choices.length)];
  if (!chosen) throw unavailable(`no endpoints available for service ${quote(name ?? '')}`);
  refuseLocal(chosen.host);
  return { ...chosen, ...(scheme === 'https' && { tls: unchecked }) };
}

const unavailable = (message: string): ApiError => errors.serviceUnavailable(message);

/** Whoever may make pods could otherwise have the server talk to its own machine, or to a cloud's metadata. */
function refuseLocal(host: string): void {
  const bare = host.toLowerCase();
  const local =
    isIP(bare) === 4
      ? /^(?:127\.|169\.254\.|0\.|22[4-9]\.|2[3-5]\d\.)/.test(bare)
      : /^(?:::1?$|::ffff:|fe[89ab]|ff)/.test(bare);
  if (isIP(bare) === 0 || local) throw errors.badRequest('address not allowed');
}
