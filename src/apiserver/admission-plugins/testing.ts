import type { KubeObject, Mutable } from '../../api/resource.ts';
import type { ObjectSchema, ResourceData } from '../../schema/model.ts';
import type { AdmissionOperation, AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { AdmissionChain } from '../admission-chain.ts';
import { loopbackUser, type UserInfo } from '../user.ts';
import type { AdmissionReaders } from './readers.ts';

/** Readers over nothing, but for what a test gives. */
export function readersOf(given: Partial<AdmissionReaders> = {}): AdmissionReaders {
  return {
    namespace: () => undefined,
    serviceAccount: () => undefined,
    secret: () => undefined,
    pod: () => undefined,
    pods: () => [],
    node: () => undefined,
    persistentVolumeClaim: () => undefined,
    persistentVolume: () => undefined,
    csiDriver: () => undefined,
    priorityClass: () => undefined,
    priorityClasses: () => [],
    runtimeClass: () => undefined,
    storageClass: () => undefined,
    storageClasses: () => [],
    ingressClasses: () => [],
    limitRanges: () => [],
    resourceQuotas: () => [],
    ...given,
  };
}

export interface TestRequest {
  /** "pods", "pods/status", "ingresses.networking.k8s.io". */
  readonly resource: string;
  readonly kind: string;
  readonly operation?: AdmissionOperation;
  readonly namespace?: string;
  readonly name?: string;
  readonly object?: object;
  readonly oldObject?: object;
  readonly user?: UserInfo;
  readonly dryRun?: boolean;
}

const schema: ObjectSchema = { node: 'object', name: 'test', fields: new Map(), atomic: false };

/** Runs both phases as the registry does; answers with the object as the plugins left it, and their warnings. */
export async function runPlugins(plugins: readonly AdmissionPlugin[], test: TestRequest) {
  const [resourceAndSub = '', ...group] = test.resource.split('.');
  const [resource = '', subresource = ''] = resourceAndSub.split('/');
  const data: ResourceData = { resource, singular: '', kind: test.kind, namespaced: true, verbs: [] };
  const copy = (object: object | undefined): Mutable<KubeObject> | undefined =>
    object && { metadata: {}, ...JSON.parse(JSON.stringify(object)) };
  const warnings: string[] = [];
  const request: AdmissionRequest & { readonly object: Mutable<KubeObject> | undefined } = {
    operation: test.operation ?? 'CREATE',
    context: { user: test.user ?? loopbackUser, userAgent: 'test', warn: (message) => warnings.push(message) },
    target: {
      resource: { group: group.join('.'), version: 'v1', data, schema, strategy: {}, prefix: '' },
      namespace: test.namespace ?? 'ns',
      name: test.name ?? '',
      subresource,
    },
    object: copy(test.object),
    oldObject: copy(test.oldObject),
    dryRun: test.dryRun ?? false,
  };
  const chain = new AdmissionChain(plugins);
  await chain.mutate(request);
  await chain.validate(request);
  return { object: request.object, warnings };
}
