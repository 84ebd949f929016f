import { existsSync, readFileSync } from 'node:fs';
import { model } from '../../src/api/model.ts';
import { isJsonObject, type JsonObject } from '../../src/schema/json.ts';
import type { ObjectSchema } from '../../src/schema/model.ts';
import { generateObject } from '../../src/schema/testing/generate.ts';
import type { Chance } from './chance.ts';

/** A request that makes sense, to begin with. `{ns}` in path and body stands for the namespace of the hour. */
export interface Sample {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Resource {
  readonly gvk: { readonly apiVersion: string; readonly kind: string };
  readonly schema: ObjectSchema;
  /** Of its list, "/api/v1/namespaces/{ns}/pods". */
  readonly path: string;
  readonly subresources: readonly string[];
}

export const resources: readonly Resource[] = model.groups.flatMap(({ group, version, resources }) =>
  resources.map(({ resource, kind, namespaced, subresources }) => {
    const schema = model.kind(group, version, kind);
    if (!schema) throw new Error(`the model has no ${kind}`);
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    return {
      gvk: { apiVersion: group === '' ? version : `${group}/${version}`, kind },
      schema,
      path: `${root}/${namespaced ? 'namespaces/{ns}/' : ''}${resource}`,
      subresources: Object.keys(subresources ?? {}),
    };
  }),
);

const template = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }] }] },
};
const selector = { matchLabels: { app: 'a' } };

const bodies: readonly (readonly [path: string, body: JsonObject])[] = [
  ['/api/v1/namespaces/{ns}/pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: template.spec }],
  [
    '/api/v1/namespaces/{ns}/configmaps',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } },
  ],
  [
    '/api/v1/namespaces/{ns}/secrets',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, stringData: { a: 'b' } },
  ],
  [
    '/api/v1/namespaces/{ns}/services',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { selector: { app: 'a' }, ports: [{ name: 'p', port: 80, targetPort: 'http' }] },
    },
  ],
  [
    '/apis/apps/v1/namespaces/{ns}/deployments',
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { replicas: 1, selector, template } },
  ],
  [
    '/apis/apps/v1/namespaces/{ns}/statefulsets',
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'a' },
      spec: { serviceName: 'a', selector, template },
    },
  ],
  [
    '/apis/batch/v1/namespaces/{ns}/jobs',
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'a' },
      spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
    },
  ],
  [
    '/apis/batch/v1/namespaces/{ns}/cronjobs',
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'a' },
      spec: {
        schedule: '0 0 1 1 *',
        jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
      },
    },
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'a' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
  ],
  [
    '/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses',
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'a' },
      spec: {
        rules: [
          {
            host: 'a.b',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'a', port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
  ],
  [
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'foos.fuzz.dev' },
      spec: {
        group: 'fuzz.dev',
        names: { plural: 'foos', kind: 'Foo' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: {
                    type: 'object',
                    properties: { n: { type: 'integer', minimum: 0 }, s: { type: 'string', pattern: '^a*$' } },
                    'x-kubernetes-validations': [{ rule: 'self.n < 10' }],
                  },
                },
              },
            },
          },
        ],
      },
    },
  ],
  [
    '/apis/fuzz.dev/v1/namespaces/{ns}/foos',
    { apiVersion: 'fuzz.dev/v1', kind: 'Foo', metadata: { name: 'a' }, spec: { n: 1, s: 'aaa' } },
  ],
  [
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: 'a', resourceAttributes: { verb: 'get', resource: 'pods' } },
    },
  ],
];

function builtIn(): Sample[] {
  const out: Sample[] = [];
  for (const [path, body] of bodies) {
    out.push({ method: 'POST', path, headers: {}, body });
    out.push({ method: 'PUT', path: `${path}/a`, headers: {}, body });
    out.push({ method: 'GET', path, headers: {}, body: undefined });
    out.push({ method: 'GET', path: `${path}/a`, headers: {}, body: undefined });
    out.push({
      method: 'DELETE',
      path: `${path}/a`,
      headers: {},
      body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
    });
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    out.push({ method: 'PATCH', path: `${path}/a?fieldManager=f`, headers: apply, body });
    out.push({ method: 'PATCH', path: `${path}/a?fieldManager=g&force=true`, headers: apply, body });
  }
  for (const { path } of resources) out.push({ method: 'GET', path, headers: {}, body: undefined });
  for (const path of [
    '/api',
    '/apis',
    '/version',
    '/healthz',
    '/readyz?verbose',
    '/openapi/v2',
    '/openapi/v3',
    '/metrics',
  ]) {
    out.push({ method: 'GET', path, headers: {}, body: undefined });
  }
  return out;
}

interface Corpus {
  readonly cases: readonly { readonly steps: readonly Partial<Sample>[] }[];
}

/** What others recorded, where it is there, and samples of our own. */
export function samples(): Sample[] {
  const out = builtIn();
  for (const name of ['scenarios', 'manifests', 'golden']) {
    const file = `../shared/parity/${name}.json`;
    if (!existsSync(file)) continue;
    // Our own recordings, in the form that replay.mjs documents.
    const text = readFileSync(file, 'utf8')
      .replaceAll(/\$\{ns\}/g, '{ns}')
      .replaceAll(/\$\{[^}"]*\}/g, 'x');
    for (const { steps } of (JSON.parse(text) as Corpus).cases) {
      for (const { method, path, headers, body } of steps) {
        if (method && path) out.push({ method, path, headers: headers ?? {}, body });
      }
    }
  }
  return out;
}

/** An object of some kind, made of nothing but its type. */
export function generated(chance: Chance): Sample {
  const { gvk, schema, path } = chance.pick(resources);
  const object = generateObject(schema, chance, { percent: chance.pick([10, 30, 60]) });
  const metadata = { ...(isJsonObject(object.metadata) ? object.metadata : {}), name: chance.pick(['a', 'b', 'c']) };
  return { method: 'POST', path, headers: {}, body: { ...object, ...gvk, metadata } };
}
