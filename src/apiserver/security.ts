import type { TokenRequest } from '../api/authentication/v1.gen.ts';
import type {
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from '../api/core/v1.gen.ts';
import { errors } from '../api/errors.ts';
import { model } from '../api/model.ts';
import type { IngressClass } from '../api/networking/v1.gen.ts';
import type { RuntimeClass } from '../api/node/v1.gen.ts';
import type { KubeObject } from '../api/resource.ts';
import type { PriorityClass } from '../api/scheduling/v1.gen.ts';
import type { CSIDriver, StorageClass } from '../api/storage/v1.gen.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { Registry } from '../utils/metrics.ts';
import type { AdmissionPlugin, Authorizer } from './admission.ts';
import { buildPlugins } from './admission-plugins/build.ts';
import type { AdmissionSettings } from './admission-plugins/flags.ts';
import { defaultOnPlugins } from './admission-plugins/names.ts';
import type { QuotaWriter } from './admission-plugins/quota/resource-quota.ts';
import type { AdmissionReaders } from './admission-plugins/readers.ts';
import type { WebhookCredentials } from './admission-plugins/webhook-credentials.ts';
import { type Authenticate, createAuthenticator } from './authentication/authenticator.ts';
import { FrontProxies } from './authentication/front-proxy.ts';
import { lastUsedLabel } from './authentication/legacy-tokens.ts';
import { logRefusals } from './authentication/refused.ts';
import { identityReviews } from './authentication/reviews.ts';
import { type Identity, ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import type { AuthenticationSettings } from './authentication/settings.ts';
import { createTokenAuthenticators } from './authentication/token-authenticators.ts';
import { tokenRequestHandler } from './authentication/token-request.ts';
import { type AuthorizationSettings, createAuthorization } from './authorization/authorization.ts';
import { escalationCheck } from './authorization/escalation.ts';
import { feedAuthorizers } from './authorization/feeds.ts';
import { authorizationOfModes } from './authorization/flags.ts';
import { NodeAuthorizer } from './authorization/node.ts';
import { RbacAuthorizer } from './authorization/rbac.ts';
import { accessReviews } from './authorization/reviews.ts';
import type { ApiCore, RequestContext } from './core.ts';
import { webhookConversion } from './custom/webhook-conversion.ts';
import { mutatingAdmissionPolicy } from './policies/mutating.ts';
import { type PolicyOptions, validatingAdmissionPolicy } from './policies/validating.ts';
import type { ObjectReader, VirtualHandler } from './server-core.ts';
import { loopbackUser } from './user.ts';
import { WebhookClient } from './webhooks/client.ts';
import { WebhookMetrics } from './webhooks/metrics.ts';
import { mutatingAdmissionWebhook } from './webhooks/mutating.ts';
import type { WebhookOptions } from './webhooks/plugins.ts';
import { serviceResolver } from './webhooks/services.ts';
import { validatingAdmissionWebhook } from './webhooks/validating.ts';

export interface SecurityOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where what is done is counted; absent: it is not. */
  readonly registry?: Registry;
  /** Default: Node, then RBAC. */
  readonly authorization?: AuthorizationSettings;
  readonly authentication?: AuthenticationSettings;
  /** Default: the plugins that kube-apiserver turns on, and NodeRestriction. */
  readonly admission?: AdmissionSettings;
  /** PEM private key that signs service account tokens, unless `authentication` has another. */
  readonly serviceAccountKey: string;
  /** See the ServiceAccount plugin; default false. */
  readonly projectServiceCa?: boolean;
  /** In [0, 1); names the token volumes. */
  readonly random: () => number;
}

/** All that stands between a request and what it asks for. */
export interface Security {
  readonly authenticate: Authenticate;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  /** Calls webhooks, whatever for. */
  readonly webhookClient: WebhookClient;
  readonly webhookMetrics: WebhookMetrics;
  /** For CoreOptions.admission: the plugins in Kubernetes' order. */
  readonly admission: (objects: ObjectReader) => readonly AdmissionPlugin[];
  /** For CoreOptions.virtual: reviews and tokens. */
  readonly virtual: Readonly<Record<string, VirtualHandler>>;
  /** Resources that must be in the cache before the plugins run: what to give Core.preload. */
  readonly reads: readonly (readonly [group: string, version: string, resource: string])[];
  /** Feeds the authorizers from the core; resolves when they know all roles, bindings and pods. */
  start(core: ApiCore): Promise<void>;
  stop(): void;
}

const reads: Security['reads'] = [
  ['', 'v1', 'namespaces'],
  ['', 'v1', 'serviceaccounts'],
  ['', 'v1', 'secrets'],
  ['', 'v1', 'pods'],
  ['', 'v1', 'nodes'],
  ['', 'v1', 'persistentvolumeclaims'],
  ['', 'v1', 'persistentvolumes'],
  ['', 'v1', 'limitranges'],
  ['', 'v1', 'resourcequotas'],
  ['scheduling.k8s.io', 'v1', 'priorityclasses'],
  ['node.k8s.io', 'v1', 'runtimeclasses'],
  ['storage.k8s.io', 'v1', 'storageclasses'],
  ['storage.k8s.io', 'v1', 'csidrivers'],
  ['networking.k8s.io', 'v1', 'ingressclasses'],
  ['admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations'],
  ['admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'],
  ['admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies'],
  ['admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicybindings'],
  ['admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicies'],
  ['admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicybindings'],
];

/**
 * Puts authentication, authorization and admission together. The core is made with what this answers, and then handed
 * to `start`; until then nobody but system:masters may do anything.
 */
export function createSecurity(options: SecurityOptions): Security {
  const { clock, random, authentication = {} } = options;
  let objects: ObjectReader | undefined;
  // Each resource's schema has decoded what the cache holds.
  const get = <T extends KubeObject>(group: string, resource: string, namespace: string, name: string) =>
    objects?.get(group, 'v1', resource, namespace, name) as T | undefined;
  const list = <T extends KubeObject>(group: string, resource: string, namespace = '') =>
    (objects?.list(group, 'v1', resource, namespace) ?? []) as readonly T[];

  const account = (namespace: string, name: string) => get<ServiceAccount>('', 'serviceaccounts', namespace, name);
  const pod = (namespace: string, name: string) => get<Pod>('', 'pods', namespace, name);
  const secret = (namespace: string, name: string) => get<Secret>('', 'secrets', namespace, name);
  const node = (name: string) => get<Node>('', 'nodes', '', name);
  const claim = (namespace: string, name: string) =>
    get<PersistentVolumeClaim>('', 'persistentvolumeclaims', namespace, name);

  const tokens = new ServiceAccountTokens({
    ...authentication.serviceAccounts,
    signingKey: authentication.serviceAccounts?.signingKey ?? options.serviceAccountKey,
    audiences: authentication.audiences,
    clock,
    readers: {
      serviceAccount: (namespace, name) => {
        const found = account(namespace, name);
        const secrets = found?.secrets?.map((ref) => ref.name ?? '');
        return found && { ...identityOf(found), uid: found.metadata.uid, secrets };
      },
      pod: (namespace, name) => identityOf(pod(namespace, name)),
      secret: (namespace, name) => {
        const found = secret(namespace, name);
        const token = Buffer.from(found?.data?.token ?? '', 'base64').toString();
        return found && { ...identityOf(found), uid: found.metadata.uid, token, labels: found.metadata.labels };
      },
      node: (name) => identityOf(node(name)),
    },
    usedSecret: (namespace, name, today) => void labelSecret(namespace, name, today),
    registry: options.registry,
  });
  const tokenAuthenticators = createTokenAuthenticators({
    settings: authentication,
    serviceAccounts: tokens,
    bootstrapSecret: (name) => secret('kube-system', name),
    clock,
    random,
    log: options.log,
    registry: options.registry,
  });
  const tokenAuthenticator = tokenAuthenticators.all;
  const rbac = new RbacAuthorizer();
  const nodes = new NodeAuthorizer();
  const authorization = createAuthorization(options.authorization ?? authorizationOfModes('Node,RBAC'), {
    node: nodes,
    rbac,
    clock,
    random,
    log: options.log,
    registry: options.registry,
  });
  const authorizer = authorization.chain;

  const readers: AdmissionReaders = {
    namespace: (name) => get<Namespace>('', 'namespaces', '', name),
    serviceAccount: account,
    secret,
    pod,
    pods: (namespace) => list<Pod>('', 'pods', namespace),
    node,
    persistentVolumeClaim: claim,
    persistentVolume: (name) => get<PersistentVolume>('', 'persistentvolumes', '', name),
    csiDriver: (name) => get<CSIDriver>('storage.k8s.io', 'csidrivers', '', name),
    priorityClass: (name) => get<PriorityClass>('scheduling.k8s.io', 'priorityclasses', '', name),
    priorityClasses: () => list<PriorityClass>('scheduling.k8s.io', 'priorityclasses'),
    runtimeClass: (name) => get<RuntimeClass>('node.k8s.io', 'runtimeclasses', '', name),
    storageClass: (name) => get<StorageClass>('storage.k8s.io', 'storageclasses', '', name),
    storageClasses: () => list<StorageClass>('storage.k8s.io', 'storageclasses'),
    ingressClasses: () => list<IngressClass>('networking.k8s.io', 'ingressclasses'),
    limitRanges: (namespace) => list<LimitRange>('', 'limitranges', namespace),
    resourceQuotas: (namespace) => list<ResourceQuota>('', 'resourcequotas', namespace),
    fresh: {
      // The cache is fed by the store's own events, an instant behind its writes.
      namespace: async (name) => {
        await clock.sleep(lagMs);
        return get<Namespace>('', 'namespaces', '', name);
      },
      serviceAccount: async (namespace, name) => {
        const attempts = name === 'default' ? 10 : 1;
        for (let i = 0; i < attempts; i++) {
          await clock.sleep(lagMs);
          const found = account(namespace, name);
          if (found) return found;
        }
        return undefined;
      },
    },
  };

  const policyOptions = (reader: ObjectReader): PolicyOptions => ({
    model,
    objects: reader,
    resources: reader.resources,
    authorizer,
    namespace: (name) => readers.namespace(name) ?? readers.fresh?.namespace(name),
    convert: webhookConversion(webhookClient),
  });

  const webhookMetrics = new WebhookMetrics();
  const webhookClient = new WebhookClient(
    serviceResolver(() => objects, random),
    clock,
  );
  const admission = options.admission ?? { plugins: new Set([...defaultOnPlugins, 'NodeRestriction' as const]) };
  const webhookClients = [webhookClient];
  const webhookOptions = (reader: ObjectReader, credentials: WebhookCredentials | undefined): WebhookOptions => {
    let client = webhookClient;
    if (credentials) {
      client = new WebhookClient(
        serviceResolver(() => objects, random),
        clock,
        credentials,
      );
      webhookClients.push(client);
    }
    return { ...policyOptions(reader), client, metrics: webhookMetrics };
  };

  let core: ApiCore | undefined;
  const quotaTarget = (namespace: string, name: string, subresource: string) => {
    const resource = core?.resources.find('', 'v1', 'resourcequotas');
    if (!core || !resource) throw errors.serviceUnavailable('the API server is starting');
    return { core, target: { resource, namespace, name, subresource } };
  };
  const quotaWriter: QuotaWriter = {
    get: async (namespace, name) => {
      const { core: api, target } = quotaTarget(namespace, name, '');
      return (await api.get(internal, target, {})).object as ResourceQuota;
    },
    updateStatus: async (quota) => {
      const { core: api, target } = quotaTarget(quota.metadata.namespace ?? '', quota.metadata.name, 'status');
      return (await api.update(internal, target, { object: quota }, {})).stored.object as ResourceQuota;
    },
  };

  const makeNamespace = async (name: string): Promise<void> => {
    const resource = core?.resources.find('', 'v1', 'namespaces');
    if (!core || !resource) throw errors.serviceUnavailable('the API server is starting');
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await core.create(internal, { resource, namespace: '', name: '', subresource: '' }, { object }, {});
  };
  /** Says on a secret that its token is in use; when that fails, the next use says so. */
  async function labelSecret(namespace: string, name: string, today: string): Promise<void> {
    const resource = core?.resources.find('', 'v1', 'secrets');
    if (!core || !resource) return;
    const patch = { metadata: { labels: { [lastUsedLabel]: today } } };
    const target = { resource, namespace, name, subresource: '' };
    const body = { type: 'merge', value: patch } as const;
    await core.patch(internal, target, body, {}).catch((error: unknown) => {
      options.log.warn(
        { err: error, namespace, name },
        'a secret could not be labelled with the last use of its token',
      );
    });
  }

  const feeds: { stop(): void }[] = [];
  return {
    tokens,
    webhookClient,
    webhookMetrics,
    authorizer,
    reads,
    authenticate: createAuthenticator({
      tokens: tokenAuthenticator,
      audiences: tokens.audiences,
      refused: logRefusals(options.log, clock),
      frontProxies: authentication.frontProxy && new FrontProxies(authentication.frontProxy),
      anonymous: authentication.anonymous,
    }),
    admission: (reader) => {
      objects = reader;
      return buildPlugins({
        readers,
        settings: admission,
        authorizer,
        quotaWriter,
        serviceAccount: { suffix: () => randomSuffix(random), projectServiceCa: options.projectServiceCa },
        resources: () => core?.resources,
        makeNamespace,
        clock,
        random,
        registry: options.registry,
        others: {
          MutatingAdmissionPolicy: () => mutatingAdmissionPolicy(policyOptions(reader)),
          MutatingAdmissionWebhook: () =>
            mutatingAdmissionWebhook(webhookOptions(reader, admission.mutatingWebhookCredentials)),
          ValidatingAdmissionPolicy: () => validatingAdmissionPolicy(policyOptions(reader)),
          ValidatingAdmissionWebhook: () =>
            validatingAdmissionWebhook(webhookOptions(reader, admission.validatingWebhookCredentials)),
        },
        // Looks at what is to be stored, and speaks before validation does.
        beforeValidation: escalationCheck(rbac, authorizer),
      });
    },
    virtual: virtualHandlers(),
    async start(started) {
      core = started;
      const feed = feedAuthorizers(started, { rbac, graph: nodes.graph }, clock);
      feeds.push(feed);
      await feed.ready;
      authorization.start();
    },
    stop() {
      for (const feed of feeds.splice(0)) feed.stop();
      authorization.stop();
      tokenAuthenticators.close();
      for (const client of webhookClients) client.close();
    },
  };

  function virtualHandlers(): Readonly<Record<string, VirtualHandler>> {
    const access = accessReviews(authorizer, authorizer);
    const identity = identityReviews({ tokens: tokenAuthenticator, audiences: tokens.audiences, clock });
    const token = tokenRequestHandler({
      tokens,
      clock,
      readers: { serviceAccount: account, pod, secret, node },
      maxExpirationSeconds: authentication.serviceAccounts?.maxExpirationSeconds,
      extendExpiration: authentication.serviceAccounts?.extendExpiration,
    });
    return {
      'subjectaccessreviews.authorization.k8s.io': creates(access.subjectAccessReview),
      'localsubjectaccessreviews.authorization.k8s.io': creates(access.localSubjectAccessReview),
      'selfsubjectaccessreviews.authorization.k8s.io': creates(access.selfSubjectAccessReview),
      'selfsubjectrulesreviews.authorization.k8s.io': creates(access.selfSubjectRulesReview),
      'tokenreviews.authentication.k8s.io': creates(identity.tokenReview),
      'selfsubjectreviews.authentication.k8s.io': creates(identity.selfSubjectReview),
      'serviceaccounts/token': creates<TokenRequest & KubeObject>(token),
    };
  }
}

const internal: RequestContext = { user: loopbackUser, userAgent: 'kube-apiserver', warn: () => {} };

/** A moment in which the cache catches up; Kubernetes' plugins wait about as long. */
const lagMs = 100;

/** A handler of a kind as a handler of any: the core decodes a body as the kind of the path before it calls. */
function creates<T>(
  handle: (
    context: Parameters<NonNullable<VirtualHandler['create']>>[0],
    target: Parameters<NonNullable<VirtualHandler['create']>>[1],
    object: T,
  ) => object | Promise<object>,
): VirtualHandler {
  return { create: (context, target, object) => handle(context, target, object as T) };
}

function identityOf(object: KubeObject | undefined): Identity | undefined {
  if (!object) return undefined;
  const { uid, deletionTimestamp } = object.metadata;
  return { uid, ...(deletionTimestamp !== undefined && { deleted: Date.parse(deletionTimestamp) }) };
}

/** No vowels and nothing that looks like one: names must spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
function randomSuffix(random: () => number): string {
  let suffix = '';
  for (let i = 0; i < 5; i++) suffix += alphabet[Math.floor(random() * alphabet.length)];
  return suffix;
}
