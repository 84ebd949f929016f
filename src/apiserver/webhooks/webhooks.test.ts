import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MutatingWebhook, ValidatingWebhook } from '../../api/admissionregistration/v1.gen.ts';
import {
  mutatingwebhookconfigurations,
  validatingwebhookconfigurations,
} from '../../api/admissionregistration/v1.gen.ts';
import { configmaps, namespaces, pods } from '../../api/core/v1.gen.ts';
import { ApiError } from '../../api/errors.ts';
import type { Status } from '../../api/meta/v1.gen.ts';
import { model } from '../../api/model.ts';
import { createInProcessClient } from '../../client/in-process.ts';
import { MemoryStore } from '../../store/memory.ts';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { generateKey, privateKeyPem } from '../../utils/x509.ts';
import { CollectedAnnotations } from '../audit-annotations.ts';
import type { ServedResource } from '../core.ts';
import { buildResourceTable } from '../resource-table.ts';
import { createSecurity, type Security } from '../security.ts';
import { type Core, createCore } from '../server-core.ts';
import { strategies } from '../strategies/index.ts';
import { loopbackUser } from '../user.ts';
import { patch, startWebhook, type TestAnswer, type TestWebhook } from './testing.ts';

type Webhook = MutatingWebhook | ValidatingWebhook;
type Rule = NonNullable<Webhook['rules']>[number];

const allow: TestAnswer = { response: { allowed: true } };
const deny: TestAnswer = { response: { allowed: false } };
const clock = new FakeClock();

let core: Core;
let security: Security;
let webhook: TestWebhook;
/** By path; what is not here allows. */
let answers: Record<string, TestAnswer>;
let warned: string[];

const client = () => createInProcessClient(core, { user: loopbackUser, userAgent: 'test' });
const maps = () => client().resource(configmaps);

beforeEach(async () => {
  answers = {};
  warned = [];
  webhook = await startWebhook((path) => answers[path] ?? allow);
  security = createSecurity({
    log: silent,
    clock,
    serviceAccountKey: privateKeyPem(generateKey().privateKey),
    random: () => 0.5,
  });
  const resources = buildResourceTable(model, strategies);
  core = createCore({
    store: new MemoryStore({ clock }),
    resources,
    admission: security.admission,
    authorizer: security.authorizer,
    clock,
    log: silent,
    virtual: security.virtual,
  });
  await core.preload(security.reads.flatMap((read) => resources.find(...read) ?? []));
  await client()
    .resource(namespaces)
    .create('', { metadata: { name: 'ns', labels: { hooked: 'yes' } } });
});

afterEach(async () => {
  security.stop();
  await core.close();
  await webhook.close();
});

const rule = (more: Partial<Rule> = {}): Rule => ({
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
  operations: ['*'],
  ...more,
});

const hook = (path: string, more: Partial<Webhook> = {}): Webhook => ({
  name: `${path.slice(1)}.example.com`,
  clientConfig: { url: webhook.url + path, caBundle: webhook.caBundle },
  rules: [rule()],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});

const validate = (name: string, ...webhooks: readonly Webhook[]) =>
  client().resource(validatingwebhookconfigurations).create('', { metadata: { name }, webhooks });
const mutate = (name: string, ...webhooks: readonly MutatingWebhook[]) =>
  client().resource(mutatingwebhookconfigurations).create('', { metadata: { name }, webhooks });

const create = (name: string, data: Record<string, string> = {}) => maps().create('ns', { metadata: { name }, data });

async function status(attempt: Promise<unknown>): Promise<Status> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error(`not refused: ${String(error)}`);
  return error.status;
}
const message = async (attempt: Promise<unknown>) => (await status(attempt)).message;
const asked = () => webhook.asked.map(({ path, request }) => `${request.operation} ${path}`);

describe('validating webhooks', () => {
  test('are asked from the moment they are created until they are deleted', async () => {
    answers['/a'] = deny;
    await create('before');
    await validate('v', hook('/a'));
    expect(await message(create('one'))).toBe(
      'admission webhook "a.example.com" denied the request without explanation',
    );
    await client().resource(validatingwebhookconfigurations).delete('', 'v');
    await create('one');
    expect(asked()).toEqual(['CREATE /a']);
  });

  test('see creates, updates, patches and deletions, and one object of a collection at a time', async () => {
    await validate('v', hook('/a'));
    const made = await create('one', { a: 'b' });
    await maps().update({ ...made, data: { a: 'c' } }, { fieldManager: 'me' });
    await maps().patch('ns', 'one', { type: 'merge', body: { data: { d: 'e' } } });
    await maps().delete('ns', 'one');
    await create('two');
    await maps().deleteCollection('ns');
    expect(asked()).toEqual(['CREATE /a', 'UPDATE /a', 'UPDATE /a', 'DELETE /a', 'CREATE /a', 'DELETE /a']);
    const [, updated, , deleted, , collected] = webhook.asked.map(({ request }) => request);
    expect(updated).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      name: 'one',
      namespace: 'ns',
      userInfo: { username: 'system:apiserver' },
      object: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'c' } },
      oldObject: { data: { a: 'b' } },
      dryRun: false,
      options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
    });
    expect(deleted).toMatchObject({ name: 'one', object: null, oldObject: { data: { d: 'e' } } });
    // Those of a collection come without the name.
    expect(collected?.name).toBeUndefined();
  });

  test('refuse in their own words, with their code, reason and details', async () => {
    const said = {
      code: 403,
      reason: 'Forbidden',
      message: 'nope',
      details: { name: 'x', causes: [{ message: 'm' }] },
    };
    answers['/a'] = { response: { allowed: false, status: said } };
    await validate('v', hook('/a'));
    expect(await status(create('one'))).toMatchObject({
      ...said,
      status: 'Failure',
      message: 'admission webhook "a.example.com" denied the request: nope',
    });
    answers['/a'] = { response: { allowed: false, status: { code: 200, reason: 'Because' } } };
    expect(await status(create('one'))).toMatchObject({
      code: 400,
      message: 'admission webhook "a.example.com" denied the request: Because',
    });
  });

  test('warn', async () => {
    answers['/a'] = { response: { allowed: true, warnings: ['beware'] } };
    await validate('v', hook('/a'));
    const resource = core.resources.find('', 'v1', 'configmaps');
    if (!resource) throw new Error('no configmaps');
    const context = { user: loopbackUser, userAgent: 'test', warn: (text: string) => void warned.push(text) };
    const target = { resource, namespace: 'ns', name: '', subresource: '' };
    await core.create(context, target, { object: { metadata: { name: 'one' } } }, {});
    expect(warned).toEqual(['beware']);
  });

  test('deny attaching to a pod', async () => {
    answers['/a'] = { response: { allowed: false, status: { message: 'attaching is not allowed' } } };
    await validate('v', hook('/a', { rules: [rule({ resources: ['pods/attach'], operations: ['CONNECT'] })] }));
    const resource = core.resources.find('', 'v1', 'pods');
    if (!resource) throw new Error('no pods');
    const context = { user: loopbackUser, userAgent: 'test', warn: () => undefined };
    const target = { resource, namespace: 'ns', name: 'p', subresource: 'attach' };
    const options = { apiVersion: 'v1', kind: 'PodAttachOptions', stdin: true } as const;
    expect(await message(core.admitConnect(context, target, options))).toContain('attaching is not allowed');
    expect(webhook.asked[0]?.request).toMatchObject({ subResource: 'attach', object: options, oldObject: null });
  });

  test('are not asked about what their rules, selectors and conditions leave out', async () => {
    await validate(
      'v',
      hook('/scope', { rules: [rule({ scope: 'Cluster' })] }),
      hook('/operation', { rules: [rule({ operations: ['DELETE'] })] }),
      hook('/subresource', { rules: [rule({ resources: ['configmaps/status'] })] }),
      hook('/namespace', { namespaceSelector: { matchLabels: { hooked: 'no' } } }),
      hook('/object', { objectSelector: { matchLabels: { x: 'y' } } }),
      hook('/condition', { matchConditions: [{ name: 'c', expression: 'object.metadata.name == "other"' }] }),
      hook('/all', {
        rules: [rule({ resources: ['*'] })],
        namespaceSelector: { matchLabels: { hooked: 'yes' } },
        matchConditions: [{ name: 'c', expression: 'request.operation == "CREATE" && object.metadata.name == "one"' }],
      }),
    );
    await create('one');
    expect(asked()).toEqual(['CREATE /all']);
  });

  test('a condition that fails refuses, or lets the webhook out, as the failure policy says', async () => {
    const failing = { matchConditions: [{ name: 'c', expression: 'object.nosuch == 1' }] };
    answers['/a'] = deny;
    const ignoring = await validate('v', hook('/a', { ...failing, failurePolicy: 'Ignore' }));
    await create('one');
    await client()
      .resource(validatingwebhookconfigurations)
      .update({ ...ignoring, webhooks: [hook('/a', failing)] });
    expect(await message(create('two'))).toBe(
      `configmaps "two" is forbidden: expression 'object.nosuch == 1' resulted in error: no such key: nosuch`,
    );
    expect(asked()).toEqual([]);
  });

  test('are not asked about the configurations of webhooks', async () => {
    answers['/a'] = deny;
    const everything = rule({ apiGroups: ['*'], resources: ['*'] });
    await validate('v', hook('/a', { rules: [everything] }));
    await mutate('m', hook('/b'));
    await client().resource(validatingwebhookconfigurations).delete('', 'v');
    expect(asked()).toEqual([]);
  });

  test('of a version that is stored as another see what they asked for', async () => {
    const scalers = rule({ apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] });
    await validate(
      'v',
      hook('/exact', { rules: [scalers], matchPolicy: 'Exact' }),
      hook('/like', { rules: [scalers] }),
    );
    const resource = core.resources.find('autoscaling', 'v2', 'horizontalpodautoscalers');
    if (!resource) throw new Error('no horizontalpodautoscalers');
    const context = { user: loopbackUser, userAgent: 'test', warn: () => undefined };
    const target = { resource, namespace: 'ns', name: '', subresource: '' };
    const spec = { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } };
    await core.create(context, target, { object: { metadata: { name: 'h' }, spec } }, {});
    expect(asked()).toEqual(['CREATE /like']);
    expect(webhook.asked[0]?.request).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' },
      requestKind: { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' },
      object: { apiVersion: 'autoscaling/v1', spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 80 } },
    });
  });

  test('with side effects are not asked for dry runs', async () => {
    // Of v1 all webhooks must be free of them; this one is as an older version may have stored it.
    const resource = core.resources.find('admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations');
    if (!resource) throw new Error('no configurations');
    await validate('v', hook('/a', { sideEffects: 'NoneOnDryRun' }));
    await maps().create('ns', { metadata: { name: 'one' } }, { dryRun: true });
    expect(webhook.asked[0]?.request.dryRun).toBe(true);
  });
});

describe('webhooks that fail', () => {
  const failing = 'Internal error occurred: failed calling webhook "a.example.com":';

  test.each<[string, TestAnswer, string]>([
    [
      '500',
      { raw: 'boom', status: 500 },
      'failed to call webhook: an error on the server ("boom") has prevented the request from succeeding',
    ],
    ['404', { raw: 'x', status: 404 }, 'failed to call webhook: the server could not find the requested resource'],
    [
      'nothing',
      { raw: '' },
      'failed to call webhook: 0-length response with status code: 200 and content type: application/json',
    ],
    [
      'no JSON',
      { raw: '{"kind":' },
      "failed to call webhook: couldn't get version/kind; json parse error: unexpected end of JSON input",
    ],
    [
      'another kind',
      { raw: '{"apiVersion":"v1","kind":"Pod"}' },
      'failed to call webhook: no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
    [
      'no response',
      { raw: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}' },
      'received invalid webhook response: webhook response was absent',
    ],
    [
      'a patch of a validating one',
      patch({ op: 'add', path: '/data', value: {} }),
      'received invalid webhook response: validating webhook may not return response.patch',
    ],
    [
      '10 MB and more',
      { raw: `"${'x'.repeat(10 * 1024 * 1024)}"` },
      'failed to call webhook: the answer is longer than 10485760 bytes',
    ],
  ])('answering %s refuse, or let through, as their failure policy says', async (_, answer, why) => {
    answers['/a'] = answer;
    const made = await validate('v', hook('/a'));
    expect(await status(create('one'))).toMatchObject({ code: 500, message: `${failing} ${why}` });
    await client()
      .resource(validatingwebhookconfigurations)
      .update({ ...made, webhooks: [hook('/a', { failurePolicy: 'Ignore' })] });
    await create('one');
  });

  test('with the uid of another review', async () => {
    answers['/a'] = { response: { uid: 'other', allowed: true } };
    await validate('v', hook('/a'));
    expect(await message(create('one'))).toMatch(
      /received invalid webhook response: expected response.uid="[-0-9a-f]{36}", got "other"$/,
    );
  });

  test('by their silence, once their time is over', async () => {
    let heard = () => {};
    const silence = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await webhook.close();
    webhook = await startWebhook(() => {
      heard();
      return { hang: true };
    });
    await validate('v', hook('/a', { timeoutSeconds: 1 }));
    const refused = message(create('one'));
    await silence;
    await clock.advance(999);
    await clock.advance(1);
    expect(await refused).toBe(
      `${failing} failed to call webhook: Post "${webhook.url}/a?timeout=1s": context deadline exceeded`,
    );
  });

  test('since nobody listens, or somebody else does', async () => {
    const { url, caBundle } = webhook;
    const at = (more: object) => hook('/a', { clientConfig: { url: `${url}/a`, caBundle, ...more } });
    const update = async (next: Webhook) => {
      const configurations = client().resource(validatingwebhookconfigurations);
      const there = await configurations.get('', 'v');
      await configurations.update({ ...there, webhooks: [next] });
    };
    await validate('v', at({ caBundle: undefined }));
    const post = `failed to call webhook: Post "${url}/a?timeout=10s":`;
    expect(await message(create('one'))).toBe(
      `${failing} ${post} tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    const name = url.replace('127.0.0.1', 'localhost');
    await update(at({ url: `${name}/a` }));
    expect(await message(create('one'))).toContain('x509: certificate is valid for hook.default.svc, not localhost');
    await update(at({ url: undefined, service: { namespace: 'ns', name: 'gone', path: '/a' } }));
    expect(await message(create('one'))).toBe(
      `${failing} failed to call webhook: Post "https://gone.ns.svc:443/a?timeout=10s": service "gone" not found`,
    );
    await update(at({}));
    await webhook.close();
    expect(await message(create('one'))).toBe(
      `${failing} ${post} dial tcp ${url.slice('https://'.length)}: connect: connection refused`,
    );
  });
});

describe('mutating webhooks', () => {
  const add = (path: string, value: unknown) => patch({ op: 'add', path, value });

  test('change what is stored, in order of configurations and webhooks', async () => {
    answers['/one'] = add('/data/one', '1');
    answers['/two'] = add('/data/two', '2');
    await mutate('b', hook('/two'));
    await mutate('a', hook('/none'), hook('/one'));
    const made = await create('x', { a: 'b' });
    expect(made.data).toEqual({ a: 'b', one: '1', two: '2' });
    expect(asked()).toEqual(['CREATE /none', 'CREATE /one', 'CREATE /two']);
    expect(webhook.asked[2]?.request.object).toMatchObject({ data: { one: '1' } });
    // Nobody owns what webhooks change.
    expect(made.metadata.managedFields?.[0]?.fieldsV1).toEqual({ 'f:data': { '.': {}, 'f:a': {} } });
  });

  test('leave defaults to the server, and what does not fit to validation', async () => {
    answers['/a'] = add('/spec/containers/1', { name: 'side', image: 'i' });
    await mutate('m', hook('/a', { rules: [rule({ resources: ['pods'] })] }));
    const spec = { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] };
    const account = { metadata: { name: 'default' } };
    await client()
      .resource({ group: '', version: 'v1', resource: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true })
      .create('ns', account);
    const pod = await client()
      .resource(pods)
      .create('ns', { metadata: { name: 'p' }, spec });
    expect(pod.spec.containers[1]).toMatchObject({
      name: 'side',
      imagePullPolicy: 'Always',
      terminationMessagePolicy: 'File',
    });
    answers['/a'] = add('/metadata/labels', { 'bad key!': 'x' });
    expect(
      (
        await status(
          client()
            .resource(pods)
            .create('ns', { metadata: { name: 'q' }, spec }),
        )
      ).reason,
    ).toBe('Invalid');
  });

  test.each<[string, TestAnswer, string]>([
    [
      'does not apply',
      patch({ op: 'remove', path: '/data/zzz' }),
      `error in remove for path: '/data/zzz': Unable to remove nonexistent key: zzz: missing value`,
    ],
    [
      'makes another type',
      patch({ op: 'replace', path: '/data', value: 'x' }),
      'json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string',
    ],
    [
      'is no patch',
      { response: { allowed: true, patchType: 'JSONPatch', patch: Buffer.from('{}').toString('base64') } },
      'failed calling webhook "a.example.com": received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    ],
  ])('whose patch %s refuse', async (_, answer, why) => {
    answers['/a'] = answer;
    await mutate('m', hook('/a'));
    expect(await message(create('x', { a: 'b' }))).toBe(`Internal error occurred: ${why}`);
  });

  test('do not change what is deleted', async () => {
    await create('x');
    answers['/a'] = add('/data', {});
    await mutate('m', hook('/a', { rules: [rule({ operations: ['DELETE'] })] }));
    expect(await message(maps().delete('ns', 'x'))).toBe(
      'Internal error occurred: admission webhook "a.example.com" attempted to modify the object, which is not supported for this operation',
    );
  });

  test('are asked once more where others changed the object after them', async () => {
    answers['/late'] = add('/data/late', '1');
    await mutate(
      'm',
      hook('/again', { reinvocationPolicy: 'IfNeeded' } as Partial<Webhook>),
      hook('/once'),
      hook('/late'),
    );
    await create('x', { a: 'b' });
    expect(asked()).toEqual(['CREATE /again', 'CREATE /once', 'CREATE /late', 'CREATE /again']);
    expect(webhook.asked[3]?.request.object).toMatchObject({ data: { late: '1' } });
  });

  test('tell the audit event what they did', async () => {
    answers['/a'] = patch({ path: '/data/a', value: '1', op: 'add' });
    answers['/b'] = { raw: 'no', status: 500 };
    answers['/c'] = { response: { allowed: true, auditAnnotations: { said: 'hello', 'not a key': 'x' } } };
    await mutate('m', hook('/a'), hook('/b', { failurePolicy: 'Ignore' }), hook('/c'));
    await validate('v', hook('/b', { failurePolicy: 'Ignore' }), hook('/c'));
    const audit = new CollectedAnnotations();
    const target = { resource: core.resources.find('', 'v1', 'configmaps') as ServedResource, subresource: '' };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { b: '2' } };
    const context = { user: loopbackUser, userAgent: 'test', warn: () => {}, audit };
    await core.create(context, { ...target, namespace: 'ns', name: '' }, { object }, {});
    const told = (webhook: string, mutated: boolean) =>
      `{"configuration":"m","webhook":"${webhook}.example.com","mutated":${mutated}}`;
    const metadata = {
      'mutation.webhook.admission.k8s.io/round_0_index_0': told('a', true),
      'mutation.webhook.admission.k8s.io/round_0_index_1': told('b', false),
      'failed-open.mutation.webhook.admission.k8s.io/round_0_index_1': 'b.example.com',
      'mutation.webhook.admission.k8s.io/round_0_index_2': told('c', false),
      'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': 'b.example.com',
      'c.example.com/said': 'hello',
    };
    expect(audit.at('Metadata')).toEqual(metadata);
    expect(audit.at('Request')).toEqual({
      ...metadata,
      'patch.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"m","webhook":"a.example.com","patch":[{"op":"add","path":"/data/a","value":"1"}],"patchType":"JSONPatch"}',
    });
  });

  test('are counted', async () => {
    answers['/b'] = deny;
    await mutate('m', hook('/a'));
    await validate('v', hook('/b'));
    await status(create('x'));
    const lines: string[] = [];
    security.webhookMetrics.render(lines);
    const labels = 'name="b.example.com",type="validating",operation="CREATE"';
    expect(lines).toContain(`apiserver_admission_webhook_request_total{${labels},code="400",rejected="true"} 1`);
    expect(lines).toContain(
      `apiserver_admission_webhook_rejection_count{${labels},error_type="no_error",rejection_code="400"} 1`,
    );
  });

  test('are reached over one connection, one request after the other', async () => {
    await mutate('m', hook('/a'));
    for (let i = 0; i < 5; i++) await create(`x${i}`);
    expect(webhook.asked).toHaveLength(5);
    expect(webhook.connections()).toBe(1);
  });
});
