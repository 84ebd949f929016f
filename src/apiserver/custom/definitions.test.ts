import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { type CoreFixture, coreFixture } from '../../testing/core-fixture.ts';
import { settle } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { turns } from '../../utils/turns.ts';
import type { Target } from '../core.ts';
import { strategies } from '../strategies/index.ts';
import { Definitions } from './definitions.ts';
import type { ConvertObjects } from './versions.ts';

const GROUP = 'example.com';
let fixture: CoreFixture;
let definitions: Definitions;
let conversions = 0;
const convert: ConvertObjects = async (_served, objects, apiVersion) => {
  conversions++;
  return objects.map((object) => ({ ...object, apiVersion, converted: 'yes' }) as KubeObject);
};

beforeEach(async () => {
  conversions = 0;
  fixture = coreFixture({ strategies, convert });
  definitions = new Definitions({ core: fixture.core, clock: fixture.clock, log: silent });
  await definitions.ready;
});

afterEach(async () => {
  definitions.close();
  await fixture[Symbol.asyncDispose]();
});

type Spec = CustomResourceDefinition['spec'];
const specSchema = (properties: object) => ({
  openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
});
const v1 = {
  name: 'v1',
  served: true,
  storage: true,
  schema: specSchema({ size: { type: 'string', default: 'M' }, count: { type: 'integer' } }),
} as const;
const beta = { ...v1, name: 'v1beta1', storage: false, schema: specSchema({ size: { type: 'string' } }) };

async function define(plural: string, kind: string, spec: Partial<Spec> = {}): Promise<void> {
  const object = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: { group: GROUP, scope: 'Namespaced', names: { plural, kind }, versions: [v1], ...spec },
  };
  const target = fixture.target('customresourcedefinitions', '');
  await fixture.core.create(fixture.context, target, { object }, {});
  await settle();
}

async function definition(plural: string): Promise<CustomResourceDefinition> {
  const target = fixture.target('customresourcedefinitions', '', `${plural}.${GROUP}`);
  return (await fixture.core.get(fixture.context, target, {})).object as CustomResourceDefinition;
}

function at(plural: string, version: string, name = '', subresource = ''): Target {
  const resource = fixture.core.resources.find(GROUP, version, plural);
  if (!resource) throw new Error(`${plural} ${version} is not served`);
  return { resource, namespace: 'default', name, subresource };
}

async function make(plural: string, name: string, spec: object, version = 'v1', metadata: object = {}) {
  const object = { apiVersion: `${GROUP}/${version}`, kind: 'Widget', metadata: { name, ...metadata }, spec };
  return (await fixture.core.create(fixture.context, at(plural, version), { object }, {})).object;
}

const said = ({ status }: CustomResourceDefinition): string[] =>
  (status.conditions ?? []).map(({ type, status: is, reason }) => `${type} ${is} ${reason}`);

test('a definition is established, and its objects have its defaults and nothing it does not know', async () => {
  await define('widgets', 'Widget');
  expect(said(await definition('widgets'))).toEqual([
    'NamesAccepted True NoConflicts',
    'Established True InitialNamesAccepted',
  ]);
  const made = await make('widgets', 'a', { count: 1, other: 2 });
  expect(made).toMatchObject({ metadata: { generation: 1 }, spec: { size: 'M', count: 1 } });
  expect(made).not.toHaveProperty('spec.other');
  expect(fixture.warnings).toEqual(['unknown field "spec.other"']);
});

test('a name that another definition has is refused until it is free', async () => {
  await define('widgets', 'Widget');
  await define('gadgets', 'Widget');
  const refused = await definition('gadgets');
  expect(said(refused)).toEqual(['NamesAccepted False ListKindConflict', 'Established False NotAccepted']);
  expect(refused.status.conditions?.[0]?.message).toBe('"WidgetList" is already in use');
  expect(fixture.core.resources.find(GROUP, 'v1', 'gadgets')).toBeUndefined();
  const target = fixture.target('customresourcedefinitions', '', `widgets.${GROUP}`);
  await fixture.core.delete(fixture.context, target, {});
  await settle();
  expect(said(await definition('gadgets'))[1]).toBe('Established True InitialNamesAccepted');
});

test('a definition that is deleted waits for its objects, which nobody may add to', async () => {
  await define('widgets', 'Widget');
  await make('widgets', 'kept', {}, 'v1', { finalizers: ['example.com/wait'] });
  await make('widgets', 'gone', {});
  const target = fixture.target('customresourcedefinitions', '', `widgets.${GROUP}`);
  await fixture.core.delete(fixture.context, target, {});
  await settle();
  expect(said(await definition('widgets'))[2]).toBe('Terminating True InstanceDeletionInProgress');
  await expect(make('widgets', 'new', {})).rejects.toThrow(
    'create not allowed while custom resource definition is terminating',
  );
  const patch = { type: 'merge', value: { metadata: { finalizers: null } } } as const;
  await fixture.core.patch(fixture.context, at('widgets', 'v1', 'kept'), patch, {});
  await settle();
  await expect(definition('widgets')).rejects.toThrow('not found');
  expect(fixture.core.resources.find(GROUP, 'v1', 'widgets')).toBeUndefined();
});

test('another version shows what it knows of what is stored', async () => {
  await define('widgets', 'Widget', { versions: [v1, beta] as Spec['versions'] });
  await make('widgets', 'a', { count: 1 });
  const shown = await fixture.core.get(fixture.context, at('widgets', 'v1beta1', 'a'), {});
  expect(shown.object).toMatchObject({ apiVersion: `${GROUP}/v1beta1`, spec: { size: 'M' } });
  expect(shown.object).not.toHaveProperty('spec.count');
  await make('widgets', 'b', { size: 'S' }, 'v1beta1');
  const stored = await fixture.core.get(fixture.context, at('widgets', 'v1', 'b'), {});
  expect(stored.object).toMatchObject({ apiVersion: `${GROUP}/v1`, spec: { size: 'S' } });
});

test('objects are read by the schema of now', async () => {
  await define('widgets', 'Widget');
  await make('widgets', 'a', { count: 1 });
  const value = [
    {
      op: 'add',
      path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/color',
      value: { type: 'string', default: 'red' },
    },
    { op: 'remove', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/count' },
  ];
  const target = fixture.target('customresourcedefinitions', '', `widgets.${GROUP}`);
  await fixture.core.patch(fixture.context, target, { type: 'json', value }, {});
  const { items } = await fixture.core.list(fixture.context, at('widgets', 'v1'), {});
  expect(items[0]?.object).toMatchObject({ spec: { size: 'M', color: 'red' } });
  expect(items[0]?.object).not.toHaveProperty('spec.count');
});

test('a webhook converts each object once for a version, however many read it', async () => {
  const conversion = {
    strategy: 'Webhook',
    webhook: { clientConfig: { url: 'https://127.0.0.1/' }, conversionReviewVersions: ['v1'] },
  };
  const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = [
    { ...v1, schema: open },
    { ...beta, schema: open },
  ];
  await define('widgets', 'Widget', { versions: versions as Spec['versions'], conversion });
  await make('widgets', 'a', {});
  await make('widgets', 'b', {});
  expect(conversions).toBe(0);
  const list = await fixture.core.list(fixture.context, at('widgets', 'v1beta1'), {});
  expect(list.items.map(({ object }) => object)).toMatchObject([{ converted: 'yes' }, { converted: 'yes' }]);
  await fixture.core.get(fixture.context, at('widgets', 'v1beta1', 'a'), {});
  expect(conversions).toBe(1);
});

test('a watch ends when the definition changes its schema, and not when its status does', async () => {
  await define('widgets', 'Widget');
  const watch = await fixture.watch('widgets', 'default');
  const target = fixture.target('customresourcedefinitions', '', `widgets.${GROUP}`);
  const label = { type: 'merge', value: { metadata: { labels: { a: 'b' } } } } as const;
  await fixture.core.patch(fixture.context, target, label, {});
  expect(watch.ended).toBe(false);
  const value = {
    spec: {
      versions: [
        { ...v1, additionalPrinterColumns: [] },
        { ...beta, served: false },
      ],
    },
  };
  await fixture.core.patch(fixture.context, target, { type: 'merge', value }, {});
  expect(watch.ended).toBe(true);
});

test('a Scale shows the selector that the definition says, and none where it says none', async () => {
  const paths = { specReplicasPath: '.spec.count', statusReplicasPath: '.status.replicas' };
  const scaled = (scale: object) => [{ ...v1, subresources: { scale } }] as Spec['versions'];
  await define('widgets', 'Widget', { versions: scaled(paths) });
  await define('gadgets', 'Gadget', { versions: scaled({ ...paths, labelSelectorPath: '.spec.size' }) });
  for (const plural of ['widgets', 'gadgets']) {
    const kind = plural === 'widgets' ? 'Widget' : 'Gadget';
    const object = { apiVersion: `${GROUP}/v1`, kind, metadata: { name: 'a' }, spec: { count: 2, size: 'app=web' } };
    await fixture.core.create(fixture.context, at(plural, 'v1'), { object }, {});
  }
  const scale = async (plural: string) =>
    (await fixture.core.get(fixture.context, at(plural, 'v1', 'a', 'scale'), {})).object;
  expect(await scale('widgets')).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 0 } });
  expect(await scale('widgets')).not.toHaveProperty('status.selector');
  expect(await scale('gadgets')).toMatchObject({ status: { selector: 'app=web' } });
});

const withStatus = {
  openAPIV3Schema: {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { size: { type: 'string' } } },
      status: { type: 'object', default: { seen: -1 }, properties: { seen: { type: 'integer' } } },
    },
  },
};

test('a status that a creator may not set has its default', async () => {
  const versions = [{ ...v1, schema: withStatus, subresources: { status: {} } }] as Spec['versions'];
  await define('widgets', 'Widget', { versions });
  const object = { apiVersion: `${GROUP}/v1`, kind: 'Widget', metadata: { name: 'a' }, status: { seen: 7 } };
  for (const dryRun of [['All'], []]) {
    const created = await fixture.core.create(fixture.context, at('widgets', 'v1'), { object }, { dryRun });
    expect(created.object).toMatchObject({ status: { seen: -1 } });
  }
  const read = await fixture.core.get(fixture.context, at('widgets', 'v1', 'a'), {});
  expect(read.object).toMatchObject({ status: { seen: -1 } });
});

test('a dry run in another version shows what would be left once it is stored', async () => {
  await define('widgets', 'Widget', {
    versions: [
      { ...v1, schema: specSchema({ size: { type: 'string' } }) },
      { ...beta, schema: v1.schema },
    ],
  } as Partial<Spec>);
  const object = { apiVersion: `${GROUP}/v1beta1`, kind: 'Widget', metadata: { name: 'a' }, spec: { count: 2 } };
  const { core, context } = fixture;
  const tried = await core.create(context, at('widgets', 'v1beta1'), { object }, { dryRun: ['All'] });
  expect(tried.object).toMatchObject({ apiVersion: `${GROUP}/v1beta1` });
  expect(tried.object).not.toHaveProperty('spec.count');
  const created = await core.create(context, at('widgets', 'v1beta1'), { object }, {});
  expect(created.object).toMatchObject({ apiVersion: `${GROUP}/v1beta1` });
  expect(created.object).not.toHaveProperty('spec.count');
});

test('an unknown field is told between quotes as it is', async () => {
  await define('widgets', 'Widget');
  const object = { apiVersion: `${GROUP}/v1`, kind: 'Widget', metadata: { name: 'a' }, spec: { 'a"b': 1 } };
  const bytes = Buffer.from(JSON.stringify(object));
  await fixture.core.create(fixture.context, at('widgets', 'v1'), { bytes, mediaType: 'application/json' }, {});
  expect(fixture.warnings).toEqual(['unknown field "spec.a"b"']);
});

test('rules that cost all they may are evaluated in many turns of the event loop', async () => {
  const names = { type: 'array', maxItems: 1000, items: { type: 'string', maxLength: 8 } };
  const rule = 'self.names.all(a, self.names.exists_one(b, b == a))';
  const properties = { names };
  const slow = { type: 'object', properties, 'x-kubernetes-validations': [{ rule }] };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: slow } } };
  await define('widgets', 'Widget', { versions: [{ ...v1, schema }] as Spec['versions'] });
  const { given } = turns;
  const many = { names: Array.from({ length: 1000 }, (_, i) => `name${i}`) };
  await expect(make('widgets', 'a', many)).rejects.toThrow(
    'Widget.example.com "a" is invalid: spec: Invalid value: "object": ',
  );
  // A million steps are never done within one.
  expect(turns.given - given).toBeGreaterThan(3);
});

test('who owns fields is forgotten when an owner wrote in a version that lacks some, unless a webhook converts', async () => {
  const versions = [v1, beta] as Spec['versions'];
  const webhook = { clientConfig: { url: 'https://127.0.0.1:1/convert' }, conversionReviewVersions: ['v1'] };
  await define('widgets', 'Widget', { versions });
  await define('gadgets', 'Gadget', { versions, conversion: { strategy: 'Webhook', webhook } });
  const owners = async (plural: string, kind: string) => {
    const object = { apiVersion: `${GROUP}/v1beta1`, kind, metadata: { name: 'a' }, spec: { size: 'S' } };
    await fixture.core.create(fixture.context, at(plural, 'v1beta1'), { object }, {});
    const patch = { type: 'merge', value: { spec: { count: 1 } } } as const;
    await fixture.core.patch(fixture.context, at(plural, 'v1', 'a'), patch, {});
    const { object: changed } = await fixture.core.get(fixture.context, at(plural, 'v1', 'a'), {});
    return changed.metadata.managedFields?.map(({ apiVersion }) => apiVersion);
  };
  expect(await owners('widgets', 'Widget')).toBeUndefined();
  expect(await owners('gadgets', 'Gadget')).toEqual([`${GROUP}/v1`, `${GROUP}/v1beta1`]);
});
