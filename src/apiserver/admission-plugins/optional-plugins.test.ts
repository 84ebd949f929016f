import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Namespace } from '../../api/core/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { limitPodHardAntiAffinityTopology } from './anti-affinity.ts';
import { denyServiceExternalIPs } from './deny-service-external-ips.ts';
import { eventRateLimit } from './event-rate-limit.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { readAdmissionFlags } from './flags.ts';
import { imagePolicyWebhook } from './image-policy.ts';
import { defaultOnPlugins, selectPlugins } from './names.ts';
import { podNodeSelector } from './pod-node-selector.ts';
import { podTolerationRestriction } from './pod-toleration-restriction.ts';
import { readersOf, runPlugins, type TestRequest } from './testing.ts';
import { mergeTolerations } from './tolerations.ts';

const pod = (spec: object = {}): TestRequest => ({
  resource: 'pods',
  kind: 'Pod',
  object: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } },
});
const namespace = (annotations: Record<string, string>): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'ns', uid: '', resourceVersion: '', creationTimestamp: '', annotations },
  spec: {},
  status: { phase: 'Active' },
});
const inNamespace = (annotations: Record<string, string>) => readersOf({ namespace: () => namespace(annotations) });

const dir = mkdtempSync(join(tmpdir(), 'skiff-admission-'));
afterAll(() => rmSync(dir, { recursive: true }));
function configured(text: string, enableAdmissionPlugins: readonly string[] = []) {
  const file = join(dir, 'admission.yaml');
  writeFileSync(file, `apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n${text}`);
  return readAdmissionFlags({ admissionControlConfigFile: file, enableAdmissionPlugins }, defaultOnPlugins);
}

describe('flags', () => {
  test('turn plugins on and off, in the words of kube-apiserver', () => {
    const plugins = selectPlugins(['AlwaysPullImages'], ['Priority']);
    expect(plugins.has('AlwaysPullImages') && !plugins.has('Priority') && plugins.has('LimitRanger')).toBe(true);
    expect(() => selectPlugins(['Foo'], [])).toThrow('enable-admission-plugins plugin "Foo" is unknown');
    expect(() => selectPlugins([], ['Foo'])).toThrow('disable-admission-plugins plugin "Foo" is unknown');
    expect(() => selectPlugins(['Priority'], ['Priority'])).toThrow(
      '[Priority] in enable-admission-plugins and disable-admission-plugins overlapped',
    );
  });

  test('a file tells plugins what to do, strictly', () => {
    const plugin = (name: string, configuration: object) => `plugins: ${JSON.stringify([{ name, configuration }])}\n`;
    const security = (more: object) =>
      plugin('PodSecurity', {
        apiVersion: 'pod-security.admission.config.k8s.io/v1',
        kind: 'PodSecurityConfiguration',
        ...more,
      });
    const settings = configured(security({ defaults: { enforce: 'baseline' }, exemptions: { namespaces: ['a'] } }));
    expect(settings.podSecurity?.defaults.enforce).toEqual({ level: 'baseline', version: 'latest' });
    expect([...(settings.podSecurity?.exempt.namespaces ?? [])]).toEqual(['a']);
    expect(() => configured(security({ default: {} }))).toThrow(
      'PodSecurity: strict decoding error: unknown field "default"',
    );
    expect(() => configured(security({ defaults: { warn: 'x' } }))).toThrow(
      'defaults.warn: Invalid value: "x": must be one of privileged, baseline, restricted',
    );
    const limits = (list: object) =>
      configured(
        plugin('EventRateLimit', {
          apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
          kind: 'Configuration',
          limits: list,
        }),
        ['EventRateLimit'],
      );
    expect(limits([{ type: 'Server', qps: 1, burst: 2 }]).eventLimits).toHaveLength(1);
    expect(() => limits([{ type: 'Server', qps: 0, burst: 2 }])).toThrow(
      'limits[0].qps: Invalid value: 0: must be positive',
    );
    expect(() => configured('plugins: []', ['ImagePolicyWebhook'])).toThrow('no config specified');
  });
});

test('AlwaysPullImages', async () => {
  const { object } = await runPlugins([alwaysPullImages()], pod());
  expect(object).toMatchObject({ spec: { containers: [{ imagePullPolicy: 'Always' }] } });
});

test('LimitPodHardAntiAffinityTopology', async () => {
  const affinity = (topologyKey: string) =>
    pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } } });
  await runPlugins([limitPodHardAntiAffinityTopology()], affinity('kubernetes.io/hostname'));
  await expect(runPlugins([limitPodHardAntiAffinityTopology()], affinity('zone'))).rejects.toThrow(
    'affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  );
});

test('DenyServiceExternalIPs lets stay what was', async () => {
  const service = (...externalIPs: string[]) => ({ metadata: { name: 's' }, spec: { externalIPs } });
  const request = (object: object, oldObject?: object): TestRequest => ({
    resource: 'services',
    kind: 'Service',
    operation: oldObject ? 'UPDATE' : 'CREATE',
    object,
    ...(oldObject && { oldObject }),
  });
  const plugins = [denyServiceExternalIPs()];
  await runPlugins(plugins, request(service('1.1.1.1'), service('1.1.1.1', '1.1.1.2')));
  await expect(runPlugins(plugins, request(service('1.1.1.3'), service('1.1.1.1')))).rejects.toThrow(
    'Use of external IPs is denied by admission control',
  );
});

test('ExtendedResourceToleration', async () => {
  const containers = [{ name: 'c', image: 'i', resources: { requests: { 'example.com/gpu': '1', cpu: '1' } } }];
  const { object } = await runPlugins([extendedResourceToleration()], pod({ containers }));
  expect(object).toMatchObject({
    spec: { tolerations: [{ key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' }] },
  });
});

test('PodNodeSelector', async () => {
  const readers = inNamespace({ 'scheduler.alpha.kubernetes.io/node-selector': 'env=dev, disk=ssd' });
  const { object } = await runPlugins([podNodeSelector(readers, {})], pod({ nodeSelector: { a: 'b' } }));
  expect(object).toMatchObject({ spec: { nodeSelector: { env: 'dev', disk: 'ssd', a: 'b' } } });
  await expect(runPlugins([podNodeSelector(readers, {})], pod({ nodeSelector: { env: 'prod' } }))).rejects.toThrow(
    'pod node label selector conflicts with its namespace node label selector',
  );
  await expect(runPlugins([podNodeSelector(readers, { ns: 'env=x' })], pod())).rejects.toThrow(
    'pod node label selector labels conflict with its namespace whitelist',
  );
});

test('PodTolerationRestriction', async () => {
  const readers = inNamespace({
    'scheduler.alpha.kubernetes.io/defaultTolerations': '[{"key":"k","operator":"Exists"}]',
    'scheduler.alpha.kubernetes.io/tolerationsWhitelist': '[{"key":"k","operator":"Exists"}]',
  });
  const plugins = [podTolerationRestriction(readers, {})];
  const { object } = await runPlugins(plugins, pod());
  expect(object).toMatchObject({ spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } });
  await expect(runPlugins(plugins, pod({ tolerations: [{ key: 'z', operator: 'Exists' }] }))).rejects.toThrow(
    'conflict with its namespace whitelist',
  );
  expect(
    mergeTolerations([{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }], [{ operator: 'Exists' }]),
  ).toEqual([{ operator: 'Exists' }]);
});

test('EventRateLimit fills up as time goes', async () => {
  const clock = new FakeClock();
  const plugins = [eventRateLimit([{ type: 'Namespace', qps: 1, burst: 2 }], clock)];
  const event: TestRequest = { resource: 'events', kind: 'Event', object: { metadata: { name: 'e' } } };
  await runPlugins(plugins, event);
  await runPlugins(plugins, event);
  await expect(runPlugins(plugins, event)).rejects.toThrow(
    'Too many requests: limit reached on type Namespace for key ns',
  );
  await runPlugins(plugins, { ...event, namespace: 'other' });
  await clock.advance(1000);
  await runPlugins(plugins, event);
});

test('ImagePolicyWebhook asks once, and says what becomes of pods while nobody answers', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const settings = {
    kubeconfig: { server: 'https://x' },
    allowTtlMs: 1000,
    denyTtlMs: 1000,
    retryBackoffMs: 1,
    defaultAllow: false,
  };
  const plugin = (allowed: boolean) =>
    imagePolicyWebhook({
      settings,
      clock,
      ask: async () => {
        asked++;
        return { status: { allowed, reason: 'too old' } };
      },
    });
  const yes = [plugin(true)];
  await runPlugins(yes, pod());
  await runPlugins(yes, pod());
  expect(asked).toBe(1);
  await clock.advance(1000);
  await runPlugins(yes, pod());
  expect(asked).toBe(2);
  await expect(runPlugins([plugin(false)], pod())).rejects.toThrow(
    'image policy webhook backend denied one or more images: too old',
  );
  const down = (defaultAllow: boolean) => [
    imagePolicyWebhook({
      settings: { ...settings, defaultAllow },
      clock,
      ask: () => Promise.reject(new Error('down')),
    }),
  ];
  await expect(runPlugins(down(false), pod())).rejects.toThrow('down');
  const { object } = await runPlugins(down(true), pod());
  expect(object?.metadata.annotations).toEqual({ 'alpha.image-policy.k8s.io/failed-open': 'true' });
});
