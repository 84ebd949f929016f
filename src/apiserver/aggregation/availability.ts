import type { APIService, APIServiceCondition } from '../../api/apiregistration/v1.gen.ts';
import type { Service } from '../../api/core/v1.gen.ts';
import type { EndpointSlice } from '../../api/discovery/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import { aggregatorUser, RemoteError, type RemoteServer } from './remote-server.ts';

/** The question must be answered quickly. */
const CHECK_MS = 5_000;

export type Availability = Omit<APIServiceCondition, 'type' | 'lastTransitionTime'>;

const not = (reason: string, message: string): Availability => ({ status: 'False', reason, message });

/** What can be told from a service and its endpoints alone; undefined where nothing speaks against it. */
export function serviceProblem(
  { spec }: APIService,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Availability | undefined {
  const { namespace = '', name = '', port = 443 } = spec.service ?? {};
  const where = `service/${name} in ${quote(namespace)}`;
  if (!service) return not('ServiceNotFound', `${where} is not present`);
  if (service.spec.type !== 'ClusterIP') return undefined;
  const found = service.spec.ports?.find((candidate) => candidate.port === port);
  if (!found) return not('ServicePortError', `${where} is not listening on port ${port}`);
  if (slices.length === 0) return not('EndpointsNotFound', `cannot find endpointslices for ${where}`);
  const portName = found.name ?? '';
  const ready = slices.some(
    ({ endpoints, ports }) =>
      endpoints?.some(({ conditions }) => conditions?.ready !== false) &&
      ports?.some((one) => (one.name ?? '') === portName && one.port !== undefined),
  );
  if (ready) return undefined;
  return not('MissingEndpoints', `endpointslices for ${where} have no addresses with port name ${quote(portName)}`);
}

/** Asks an extension API server for what it must be able to tell: the resources of its group-version. */
export async function checkDiscovery(server: RemoteServer): Promise<Availability> {
  const { spec } = server.service;
  const path = `/apis/${spec.group}/${spec.version}`;
  let url = path;
  try {
    const { host, port } = await server.address();
    url = `https://${host}:${port}${path}`;
    const signal = AbortSignal.timeout(CHECK_MS);
    const answer = await server.ask({ method: 'GET', path, headers: {}, user: aggregatorUser, signal });
    answer.destroy();
    const code = answer.statusCode ?? 0;
    if (code >= 200 && code < 300) return { status: 'True', reason: 'Passed', message: 'all checks passed' };
    return failed(`bad status from ${url}: ${code}`, url);
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    return failed(`Get ${quote(url)}: ${error.message}`, url);
  }
}

const failed = (why: string, url: string): Availability =>
  not('FailedDiscoveryCheck', `failing or missing response from ${url}: ${why}`);
