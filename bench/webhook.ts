/**
 * What a validating webhook adds to a create beside its own time: node bench/webhook.ts [CREATES]. Config maps are
 * created one at a time without and with a webhook, and the webhook is asked as often by itself; then 128 at a time.
 */

import { WebhookClient } from '../src/apiserver/webhooks/client.ts';
import { startWebhook } from '../src/apiserver/webhooks/testing.ts';
import { realClock } from '../src/utils/clock.ts';
import { Client, createAll } from './load.ts';
import { configMap } from './objects.ts';
import { Server } from './server.ts';

const count = Number(process.argv[2] ?? 2000);
const IN_FLIGHT = 128;
const maps = '/api/v1/namespaces/bench/configmaps';
const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

const webhook = await startWebhook(() => ({ response: { allowed: true } }));
const server = await Server.start();
const client = new Client(server.url);

/** Milliseconds that one of `count` takes, `inFlight` at a time. */
async function creates(inFlight: number): Promise<number> {
  const start = performance.now();
  await createAll(client, maps, count, inFlight, () => configMap);
  return (performance.now() - start) / count;
}

/** The same of the webhook alone, over a connection that is kept. */
async function alone(): Promise<number> {
  const caller = new WebhookClient(() => {
    throw new Error('it has a URL');
  }, realClock);
  const target = { url: `${webhook.url}/`, caBundle: webhook.caBundle };
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: '', object: configMap },
  };
  const start = performance.now();
  for (let i = 0; i < count; i++) await caller.call(target, review, { timeoutMs: 10_000 });
  caller.close();
  return (performance.now() - start) / count;
}

try {
  await client.request('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'bench' },
  });
  await creates(1);
  const [without, withoutMany] = [await creates(1), await creates(IN_FLIGHT)];
  const { status } = await client.request('POST', configurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'bench' },
    webhooks: [
      {
        name: 'bench.example.com',
        clientConfig: { url: `${webhook.url}/`, caBundle: webhook.caBundle },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  if (status !== 201) throw new Error(`the webhook was not configured: ${status}`);
  await alone();
  await creates(1);
  const [asked, askedMany, own] = [await creates(1), await creates(IN_FLIGHT), await alone()];
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  console.log(`a create ${ms(without)}, with a webhook ${ms(asked)}; the webhook alone ${ms(own)}`);
  console.log(`added beside the webhook's own time: ${ms(asked - without - own)}`);
  const rate = (value: number) => `${Math.round(1000 / value)}/s`;
  console.log(`${IN_FLIGHT} in flight: ${rate(withoutMany)} without, ${rate(askedMany)} with a webhook`);
} finally {
  client.close();
  await server.stop();
  await webhook.close();
}
