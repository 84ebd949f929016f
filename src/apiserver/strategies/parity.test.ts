import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { model } from '../../api/model.ts';
import { apiVersionOf, type KubeObject, type Mutable } from '../../api/resource.ts';
import type { FieldError } from '../../schema/field-error.ts';
import type { ServedResource } from '../core.ts';
import { decodeAs, kindOf } from '../registry/body.ts';
import { buildResourceTable } from '../resource-table.ts';
import { loopbackUser } from '../user.ts';
import { strategies } from './index.ts';

/** Recorded answers of a Kubernetes v1.36 API server. */
const folder = '../shared/parity';
const recorded = existsSync(folder);

interface Case {
  readonly id: string;
  readonly steps: readonly { readonly method: string; readonly body?: unknown; readonly expect?: Answer }[];
}
interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> & { readonly details?: { readonly causes?: readonly Cause[] } };
}
interface Cause {
  readonly field: string;
  readonly message: string;
}

const casesOf = (file: string): readonly Case[] =>
  recorded ? JSON.parse(readFileSync(`${folder}/${file}.json`, 'utf8')).cases : [];

const table = buildResourceTable(model, strategies);
const now = Date.parse('2026-01-01T00:00:00Z');
const context = { user: loopbackUser, group: '', warn: () => {}, namespaceLabels: () => ({}), now };

function resourceOf(body: unknown): ServedResource | undefined {
  const { apiVersion, kind } = body as KubeObject;
  return [...table.all()].find((r) => r.data.kind === kind && apiVersionOf(r) === apiVersion);
}

/** What becomes of a body up to the point where it would be written, without what other parts of the server add. */
function create(resource: ServedResource, body: unknown): { object: KubeObject; found: readonly FieldError[] } {
  const { object } = decodeAs(kindOf(resource), structuredClone(body), resource.data.kind);
  object.metadata.uid = '00000000-0000-4000-8000-000000000000';
  object.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
  object.metadata.generation = undefined;
  resource.strategy.prepareForCreate?.(object as Mutable<KubeObject>, context);
  const found = resource.strategy.validateCreate?.(object, context) ?? [];
  if (found instanceof Promise) throw new Error('built-in kinds are validated at once');
  return { object, found };
}

/** Kinds whose complaints need to see the version a request was made in. */
const beyond = new Set([
  'Event',
  // Refused by admission before anybody validates it.
  'Pod',
]);

/** Complaints about metadata are the registry's. */
const ofKind = ({ field }: { field: string }): boolean => !/^metadata\.(?!taints)/.test(field);

describe.skipIf(!recorded)(
  'wrong objects are refused in the recorded words (skipped where ../shared is absent)',
  () => {
    for (const { id, steps } of casesOf('golden')) {
      const [step] = steps;
      const resource = resourceOf(step?.body);
      if (!step?.expect || !resource || beyond.has(resource.data.kind)) continue;
      const causes = step.expect.body.details?.causes ?? [];
      test(id, () => {
        const { found } = create(resource, step.body);
        const lines = found.map(({ field, body }) => `${field}: ${body}`);
        expect(lines.filter((line) => !line.startsWith('metadata.name')).sort()).toEqual(
          causes
            .filter(ofKind)
            .map(({ field, message }) => `${field}: ${message}`)
            .sort(),
        );
      });
    }
  },
);

/** How recordings name the namespace that a replay makes. */
const NAMESPACE = ['$', '{ns}'].join('');
const marks = new Set(['uid', 'resourceVersion', 'creationTimestamp']);

/** Ids, times and what other parts of the server give, left out of both sides. */
function comparable(value: unknown, key = ''): unknown {
  if (marks.has(key) || key === 'finalizers') return undefined;
  if (typeof value === 'string')
    return value.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>').replaceAll(NAMESPACE, '<ns>');
  if (Array.isArray(value)) return value.map((item) => comparable(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([k, v]): [string, unknown] => [k, comparable(v, k)]);
  return Object.fromEntries(entries.filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Addresses, tokens and requesters come from elsewhere. */
const elsewhere = new Set(['Service', 'Pod', 'Namespace', 'CertificateSigningRequest', 'PersistentVolume']);

describe.skipIf(!recorded)('objects get the recorded defaults (skipped where ../shared is absent)', () => {
  for (const { id, steps } of casesOf('manifests')) {
    const [step] = steps;
    const resource = resourceOf(step?.body);
    if (step?.expect?.status !== 201 || !resource?.strategy.tableCells || elsewhere.has(resource.data.kind)) continue;
    const { body } = step.expect;
    test(id, () => {
      const { object, found } = create(resource, step.body);
      expect(found).toEqual([]);
      expect(comparable(object)).toEqual(comparable(body));
    });
  }
});

test('every table has a cell for each of its columns', () => {
  const short: string[] = [];
  for (const { data, strategy, group, version } of table.all()) {
    if (!data.columns || !strategy.tableCells) continue;
    const meta = { name: 'x', creationTimestamp: '2025-12-31T23:59:00Z' };
    const template = { metadata: {}, spec: { containers: [] } };
    const spec = {
      template,
      jobTemplate: { spec: { template } },
      scaleTargetRef: {},
      source: {},
      pool: {},
      ports: [],
    };
    const blank = {
      apiVersion: apiVersionOf({ group, version }),
      kind: data.kind,
      metadata: meta,
      spec,
      status: {},
      template,
      roleRef: {},
      involvedObject: {},
    };
    const cells = strategy.tableCells(blank as unknown as KubeObject, now);
    if (cells.length !== data.columns.length) short.push(`${data.resource}: ${cells.length}`);
  }
  // v1.36 prints an age of IPAddresses that its columns do not have.
  expect(short).toEqual(['ipaddresses: 3']);
});

test('an update that changes nothing of the spec does not count, one that does counts once', () => {
  const deployments = table.find('apps', 'v1', 'deployments');
  if (!deployments) throw new Error('the table has no deployments');
  const body = {
    metadata: { name: 'd', namespace: 'n' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    },
  };
  const { object } = create(deployments, body);
  const again = structuredClone(object) as Mutable<KubeObject>;
  deployments.strategy.prepareForUpdate?.(again, object, context);
  expect(again.metadata.generation).toBe(1);
  const changed = structuredClone(object) as Mutable<KubeObject> & { spec: { replicas: number } };
  changed.spec.replicas = 7;
  deployments.strategy.prepareForUpdate?.(changed, object, context);
  expect(changed.metadata.generation).toBe(2);
});
