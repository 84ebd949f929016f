import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { silent } from '../utils/log.ts';
import { HealthCheckServers, healthCheckOf } from './health-check.ts';
import { makeService, makeSlice } from './testing.ts';

const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 } as const;

test('counts ready endpoints of this node', () => {
  const slices = [
    makeSlice('web', [
      { ip: '10.244.0.1', nodeName: 'here' },
      { ip: '10.244.0.2', nodeName: 'here', conditions: { ready: false } },
      { ip: '10.244.1.1', nodeName: 'there' },
    ]),
    makeSlice('web', [{ ip: '10.244.0.1', nodeName: 'here' }], { suffix: 'b' }),
  ];
  expect(healthCheckOf(makeService('web', spec), slices, 'here')).toEqual({ port: 31000, localEndpoints: 1 });
  expect(
    healthCheckOf(makeService('web', { ...spec, externalTrafficPolicy: 'Cluster' }), slices, 'here'),
  ).toBeUndefined();
  expect(healthCheckOf(makeService('web', { ...spec, type: 'NodePort' }), slices, 'here')).toBeUndefined();
});

test('tells load balancers, follows endpoints, and closes its port', async () => {
  const port = await freePort();
  const servers = new HealthCheckServers(['127.0.0.1'], silent);
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: 'close' } });
    return [response.status, response.headers.get('x-load-balancing-endpoint-weight'), await response.json()];
  };
  const body = (localEndpoints: number) => ({
    service: { namespace: 'default', name: 'web' },
    localEndpoints,
    serviceProxyHealthy: true,
  });
  servers.set('default/web', { port, localEndpoints: 2 });
  expect(await ask()).toEqual([200, '2', body(2)]);
  servers.set('default/web', { port, localEndpoints: 0 });
  expect(await ask()).toEqual([503, '0', body(0)]);
  servers.set('default/web', undefined);
  await expect(ask()).rejects.toThrow();
  servers.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
