/** Definitions whose versions a webhook converts, over TLS: what v1.36's conformance tests ask of it, and its faults. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import { type CoreFixture, coreFixture } from '../../testing/core-fixture.ts';
import { FakeClock, settle } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import type { ListParameters, Target } from '../core.ts';
import { strategies } from '../strategies/index.ts';
import { WebhookClient } from '../webhooks/client.ts';
import { startWebhook, type TestAnswer, type TestWebhook } from '../webhooks/testing.ts';
import { Definitions } from './definitions.ts';
import { webhookConversion } from './webhook-conversion.ts';

const GROUP = 'stable.example.com';

/** v1 has hostPort, v2 the two parts of it, as in Kubernetes' own example. */
interface Host extends KubeObject {
  readonly hostPort?: string;
  readonly host?: string;
  readonly port?: string;
}
interface Conversion {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly Host[];
}
type Convert = (object: Host, apiVersion: string) => object;

const convertHost: Convert = ({ hostPort, host, port, ...rest }, apiVersion) => {
  if (!apiVersion.endsWith('/v2')) return { ...rest, apiVersion, hostPort: hostPort ?? `${host}:${port}` };
  const [name, number] = hostPort?.split(':') ?? [host, port];
  return { ...rest, apiVersion, host: name, port: number };
};

let webhook: TestWebhook;
let convert: Convert;
/** What is said instead of a conversion. */
let instead: ((request: Conversion) => TestAnswer) | undefined;
let fixture: CoreFixture;
let definitions: Definitions;
let client: WebhookClient;

beforeEach(async () => {
  convert = convertHost;
  instead = undefined;
  webhook = await startWebhook((_path, given) => {
    const request = given as unknown as Conversion; // nothing but conversions is asked here
    if (instead) return instead(request);
    const convertedObjects = request.objects.map((object) => convert(object, request.desiredAPIVersion));
    return { response: { result: { status: 'Success' }, convertedObjects } };
  });
  client = new WebhookClient(() => {
    throw new Error('there are no services here');
  }, new FakeClock());
  fixture = coreFixture({ strategies, convert: webhookConversion(client) });
  definitions = new Definitions({ core: fixture.core, clock: fixture.clock, log: silent });
  await definitions.ready;
  await define();
});

afterEach(async () => {
  definitions.close();
  client.close();
  await fixture[Symbol.asyncDispose]();
  await webhook.close();
});

const text = { type: 'string' } as const;
const version = (name: string, storage: boolean, properties: object) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties } },
  selectableFields: Object.keys(properties).map((field) => ({ jsonPath: `.${field}` })),
});

async function define(): Promise<void> {
  const clientConfig = { url: `${webhook.url}/crdconvert`, caBundle: webhook.caBundle };
  const spec = {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'hosts', kind: 'Host' },
    versions: [
      version('v1', true, { hostPort: text }),
      version('v2', false, { host: text, port: { ...text, default: '80' } }),
    ],
    conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1', 'v1beta1'] } },
  } as CustomResourceDefinition['spec'];
  const object = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `hosts.${GROUP}` },
    spec,
  };
  const target = fixture.target('customresourcedefinitions', '');
  await fixture.core.create(fixture.context, target, { object }, {});
  await settle();
}

function at(version: string, name = ''): Target {
  const resource = fixture.core.resources.find(GROUP, version, 'hosts');
  if (!resource) throw new Error(`${version} is not served`);
  return { resource, namespace: 'default', name, subresource: '' };
}

const make = (version: string, name: string, fields: object) => {
  const object = { apiVersion: `${GROUP}/${version}`, kind: 'Host', metadata: { name }, ...fields };
  return fixture.core.create(fixture.context, at(version), { object }, {});
};
const read = async (version: string, name: string) =>
  (await fixture.core.get(fixture.context, at(version, name), {})).object;
const names = async (version: string, options: ListParameters = {}) => {
  const list = await fixture.core.list(fixture.context, at(version), options);
  return list.items.map(({ object }) => object.metadata.name);
};
const setHostPort = (name: string, hostPort: string) =>
  fixture.core.patch(fixture.context, at('v1', name), { type: 'merge', value: { hostPort } }, {});

async function message(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error(`not refused: ${String(error)}`);
  return error.message;
}

test('CustomResourceConversionWebhook should be able to convert from CR v1 to CR v2', async () => {
  await make('v1', 'a', { hostPort: 'one:1' });
  expect(await read('v2', 'a')).toMatchObject({ apiVersion: `${GROUP}/v2`, host: 'one', port: '1' });
  expect(await read('v2', 'a')).not.toHaveProperty('hostPort');
});

test('CustomResourceConversionWebhook should be able to convert a non homogeneous list of CRs', async () => {
  await make('v1', 'a', { hostPort: 'one:1' });
  const stored = fixture.target('customresourcedefinitions', '', `hosts.${GROUP}`);
  const value = ['0/storage', '1/storage'].map((path, i) => ({
    op: 'replace',
    path: `/spec/versions/${path}`,
    value: i === 1,
  }));
  await fixture.core.patch(fixture.context, stored, { type: 'json', value }, {});
  await settle();
  await make('v2', 'b', { host: 'two', port: '2' });
  const v1 = await fixture.core.list(fixture.context, at('v1'), {});
  expect(v1.items.map(({ object }) => object)).toMatchObject([{ hostPort: 'one:1' }, { hostPort: 'two:2' }]);
  const v2 = await fixture.core.list(fixture.context, at('v2'), {});
  expect(v2.items.map(({ object }) => object)).toMatchObject([{ host: 'one' }, { host: 'two' }]);
});

describe('CustomResourceFieldSelectors with a webhook between the versions', () => {
  beforeEach(async () => {
    await make('v1', 'a', { hostPort: 'one:1' });
    await make('v1', 'b', { hostPort: 'one:2' });
    await make('v2', 'c', { host: 'two', port: '2' });
    await make('v2', 'd', { host: 'one' });
  });

  test('lists what the asked version has in its fields', async () => {
    expect(await names('v1', { fieldSelector: 'hostPort=one:2' })).toEqual(['b']);
    expect(await names('v2', { fieldSelector: 'host=one' })).toEqual(['a', 'b', 'd']);
    expect(await names('v2', { fieldSelector: 'host=one,port=2' })).toEqual(['b']);
    expect(await names('v2', { fieldSelector: 'host!=one' })).toEqual(['c']);
    expect(await names('v2', { fieldSelector: 'host=one,metadata.name=d' })).toEqual(['d']);
    expect(await message(names('v1', { fieldSelector: 'host=one' }))).toBe('field label not supported: host');
    expect(await message(names('v2', { fieldSelector: 'hostPort=one' }))).toBe('field label not supported: hostPort');
  });

  test('in pages of what fits', async () => {
    const first = await fixture.core.list(fixture.context, at('v2'), { fieldSelector: 'host=one', limit: 2 });
    expect(first.items.map(({ object }) => object.metadata.name)).toEqual(['a', 'b']);
    expect(first).not.toHaveProperty('remainingItemCount');
    const more = { fieldSelector: 'host=one', limit: 2, continue: first.continue ?? '' };
    expect(await names('v2', more)).toEqual(['d']);
  });

  test('watches what comes into sight and leaves it', async () => {
    const lines: string[] = [];
    const sink = {
      event: (type: string, { object }: { readonly object: KubeObject }) => {
        const { metadata, host, port } = object as Host;
        lines.push(`${type} ${metadata.name} ${host}:${port}`);
      },
      end: () => {},
    };
    const watch = await fixture.core.watch(fixture.context, at('v2'), { fieldSelector: 'host=one' }, sink);
    const seen = async (count: number) => {
      await vi.waitFor(() => expect(lines).toHaveLength(count));
      return lines.splice(0);
    };
    expect(await seen(3)).toEqual(['ADDED a one:1', 'ADDED b one:2', 'ADDED d one:80']);
    await setHostPort('a', 'one:9');
    await setHostPort('b', 'three:3');
    await setHostPort('c', 'two:9');
    await setHostPort('c', 'one:7');
    await fixture.core.delete(fixture.context, at('v1', 'd'), {});
    expect(await seen(4)).toEqual(['MODIFIED a one:9', 'DELETED b one:2', 'ADDED c one:7', 'DELETED d one:80']);
    watch.stop();
  });

  test('a collection is deleted as far as it is selected', async () => {
    await fixture.core.deleteCollection(fixture.context, at('v2'), {}, { fieldSelector: 'host=one' });
    expect(await names('v2')).toEqual(['c']);
  });
});

describe('a conversion webhook that', () => {
  const about = `conversion webhook for ${GROUP}/v1, Kind=Host`;
  const success = { status: 'Success' };
  beforeEach(() => make('v1', 'a', { hostPort: 'one:1' }));

  test.each<[string, (request: Conversion) => TestAnswer, string]>([
    ['answers garbage', () => ({ raw: 'garbage' }), 'failed: '],
    ['fails', () => ({ raw: 'no', status: 500 }), 'failed: '],
    [
      'answers another review',
      () => ({ response: { uid: 'x', result: success, convertedObjects: [] } }),
      'failed: expected response.uid="',
    ],
    ['refuses', () => ({ response: { result: { status: 'Failure', message: 'I will not' } } }), 'failed: I will not'],
    ['says neither yes nor no', () => ({ response: {} }), "failed: response.result.status was '', not 'Success'"],
    [
      'loses objects',
      () => ({ response: { result: success, convertedObjects: [] } }),
      'returned 0 objects, expected 1',
    ],
    [
      'gives another version',
      ({ objects }) => ({ response: { result: success, convertedObjects: objects } }),
      `returned invalid object at index 0: invalid groupVersion (expected ${GROUP}/v2, received ${GROUP}/v1)`,
    ],
    [
      'gives another kind',
      ({ objects, desiredAPIVersion: apiVersion }) => ({
        response: { result: success, convertedObjects: objects.map((one) => ({ ...one, apiVersion, kind: 'Guest' })) },
      }),
      'returned invalid object at index 0: invalid kind (expected Host, received Guest)',
    ],
  ])('%s', async (_, answer, why) => {
    instead = answer;
    expect(await message(read('v2', 'a'))).toContain(`${about} ${why}`);
    // Other versions go on.
    expect(await read('v1', 'a')).toMatchObject({ hostPort: 'one:1' });
  });

  test.each<[string, object, string]>([
    ['the name', { name: 'b' }, 'object: must have the same name: a != b'],
    ['the namespace', { namespace: 'other' }, 'object: must have the same namespace: default != other'],
    ['a label to a number', { labels: { a: 1 } }, 'metadata: metadata.labels[a] must be a string in converted object'],
    ['labels to what is none', { labels: { 'a b': 'c' } }, 'metadata: '],
  ])('changes %s', async (_, metadata, why) => {
    convert = (object, apiVersion) => {
      const made = convertHost(object, apiVersion) as Host;
      return { ...made, metadata: { ...made.metadata, ...metadata } };
    };
    expect(await message(read('v2', 'a'))).toContain(`${about} returned invalid ${why}`);
  });

  test('loses fields, owners and finalizers: metadata but labels and annotations stays, the rest is what it says', async () => {
    convert = ({ apiVersion: _was, kind, metadata }, apiVersion) => ({
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid, labels: { a: 'b' } },
    });
    const shown = await read('v2', 'a');
    const { metadata } = await read('v1', 'a');
    const { managedFields: _fields, ...own } = metadata;
    expect(shown.metadata).toMatchObject({ ...own, labels: { a: 'b' } });
    expect(shown).not.toHaveProperty('host');
  });

  test('is away: writes in the stored version go on', async () => {
    await webhook.close();
    await make('v1', 'b', { hostPort: 'two:2' });
    expect(await names('v1')).toEqual(['a', 'b']);
    expect(await message(names('v2'))).toContain(`${about} failed: Post "`);
  });
});
