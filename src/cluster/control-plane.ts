import {
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  secrets,
  serviceaccounts,
} from '../api/core/v1.gen.ts';
import { model } from '../api/model.ts';
import { clusterrolebindings, clusterroles, rolebindings, roles } from '../api/rbac/v1.gen.ts';
import type { KubeObject, ResourceType } from '../api/resource.ts';
import type { AdmissionPlugin, Authorizer } from '../apiserver/admission.ts';
import { defaultIngressClass } from '../apiserver/admission-plugins/default-ingress-class.ts';
import { defaultTolerationSeconds } from '../apiserver/admission-plugins/default-toleration-seconds.ts';
import { limitRanger } from '../apiserver/admission-plugins/limit-ranger.ts';
import { namespaceLifecycle } from '../apiserver/admission-plugins/namespace-lifecycle.ts';
import { podSecurity } from '../apiserver/admission-plugins/pod-security.ts';
import { priority } from '../apiserver/admission-plugins/priority.ts';
import type { AdmissionReaders } from '../apiserver/admission-plugins/readers.ts';
import { runtimeClass } from '../apiserver/admission-plugins/runtime-class.ts';
import { serviceAccount } from '../apiserver/admission-plugins/service-account.ts';
import {
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
} from '../apiserver/admission-plugins/storage.ts';
import { taintNodesByCondition } from '../apiserver/admission-plugins/taint-nodes-by-condition.ts';
import { type Authenticate, createAuthenticator } from '../apiserver/authentication/authenticator.ts';
import { identityReviews } from '../apiserver/authentication/reviews.ts';
import { ServiceAccountTokens } from '../apiserver/authentication/service-account-tokens.ts';
import type { TokenFile } from '../apiserver/authentication/token-file.ts';
import { tokenRequestHandler } from '../apiserver/authentication/token-request.ts';
import { escalationCheck } from '../apiserver/authorization/escalation.ts';
import { authorizerForModes } from '../apiserver/authorization/modes.ts';
import { NodeAuthorizer } from '../apiserver/authorization/node.ts';
import { RbacAuthorizer, type RbacObject } from '../apiserver/authorization/rbac.ts';
import { accessReviews } from '../apiserver/authorization/reviews.ts';
import { ensureBootstrap } from '../apiserver/bootstrap/ensure.ts';
import type { RequestContext } from '../apiserver/core.ts';
import { buildResourceTable } from '../apiserver/resource-table.ts';
import { type Core, createCore, type VirtualHandler } from '../apiserver/server-core.ts';
import { strategies } from '../apiserver/strategies/index.ts';
import { loopbackUser } from '../apiserver/user.ts';
import type { Client } from '../client/client.ts';
import { createInProcessClient } from '../client/in-process.ts';
import { InformerFactory } from '../client/informer.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import { admissionReaders, lookedUp, type TypedReader, tokenReaders, typedReader } from './readers.ts';

export interface ControlPlaneOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** PEM private key that signs service account tokens. */
  readonly serviceAccountKey: string;
  readonly tokenFile?: TokenFile;
  /** As --authorization-mode: "Node,RBAC". */
  readonly authorizationMode: string;
  readonly serviceClusterIpRange: string;
  readonly serviceNodePortRange: string;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
}

/** The API server below HTTP, with everything that guards it, ready to serve. */
export interface ControlPlane {
  readonly core: Core;
  readonly authenticate: Authenticate;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  /** A client in this process; `userAgent` names the component. */
  client(userAgent: string): Client;
  close(): Promise<void>;
}

/** Puts the API server's parts together over a store, and makes the objects that every cluster has. */
export async function createControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { store, clock, log } = options;
  const random = options.random ?? Math.random;
  // The parts look at each other's objects, but only once requests come: `core` is set by then.
  const late: { read?: TypedReader; client?: Client } = {};
  const read: TypedReader = {
    get: (type, namespace, name) => late.read?.get(type, namespace, name),
    list: (type, namespace) => late.read?.list(type, namespace) ?? [],
  };
  const readers = admissionReaders(
    read,
    () => {
      if (!late.client) throw new Error('the control plane is not complete yet');
      return late.client;
    },
    clock,
  );
  const rbac = new RbacAuthorizer();
  const node = new NodeAuthorizer({
    persistentVolumeClaim: (namespace, name) => read.get(persistentvolumeclaims, namespace, name),
    persistentVolume: (name) => read.get(persistentvolumes, '', name),
  });
  const authorizer = authorizerForModes(options.authorizationMode, { node, rbac });
  const tokens = new ServiceAccountTokens({
    signingKey: options.serviceAccountKey,
    readers: tokenReaders(read),
    clock,
  });

  const core = createCore({
    store,
    resources: buildResourceTable(model, strategies),
    admission: admissionPlugins(readers, escalationCheck(rbac, authorizer), random),
    authorizer,
    clock,
    log,
    random,
    virtual: virtualHandlers({ authorizer, rbac, tokens, tokenFile: options.tokenFile, read, clock }),
  });
  late.read = typedReader(core.objects);
  const client = (userAgent: string) => createInProcessClient(core, { user: loopbackUser, userAgent });
  late.client = client('kube-apiserver');

  await core.preload(lookedUp.map((type) => servedAs(core, type)));
  const informers = new InformerFactory(late.client, { clock, log, random });
  for (const type of [roles, clusterroles, rolebindings, clusterrolebindings] as readonly ResourceType<RbacObject>[]) {
    informers.informer(type).addHandler({
      onAdd: (object) => rbac.set(object),
      onUpdate: (_, object) => rbac.set(object),
      onDelete: (object) => rbac.delete(object),
    });
  }
  informers.informer(pods).addHandler({
    onAdd: (pod) => node.setPod(pod),
    onUpdate: (_, pod) => node.setPod(pod),
    onDelete: (pod) => node.deletePod(pod),
  });
  informers.start();
  await informers.waitForSync();
  await ensureBootstrap(late.client);

  return {
    core,
    authenticate: createAuthenticator({ tokenFile: options.tokenFile, serviceAccountTokens: tokens }),
    authorizer,
    tokens,
    client,
    async close() {
      informers.stop();
      await core.close();
    },
  };
}

/** In kube-apiserver's order. https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/ */
function admissionPlugins(
  readers: AdmissionReaders,
  escalation: AdmissionPlugin,
  random: () => number,
): AdmissionPlugin[] {
  return [
    namespaceLifecycle(readers),
    limitRanger(readers),
    serviceAccount(readers, { suffix: () => randomSuffix(random) }),
    taintNodesByCondition(),
    podSecurity(readers),
    priority(readers),
    defaultTolerationSeconds(),
    storageObjectInUseProtection(),
    persistentVolumeClaimResize(readers),
    runtimeClass(readers),
    defaultIngressClass(readers),
    defaultStorageClass(readers),
    escalation,
  ];
}

const letters = 'bcdfghjklmnpqrstvwxz2456789';
const randomSuffix = (random: () => number) =>
  Array.from({ length: 5 }, () => letters[Math.floor(random() * letters.length)]).join('');

function virtualHandlers(parts: {
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
  readonly tokenFile: TokenFile | undefined;
  readonly read: TypedReader;
  readonly clock: Clock;
}): Record<string, VirtualHandler> {
  const { read, tokens, clock } = parts;
  const access = accessReviews(parts.authorizer, parts.rbac);
  const identity = identityReviews({ tokenFile: parts.tokenFile, serviceAccountTokens: tokens, clock });
  // What reaches a handler was decoded as the kind of its resource.
  const create = <T extends object>(
    handler: (
      context: RequestContext,
      target: Parameters<NonNullable<VirtualHandler['create']>>[1],
      object: T,
    ) => object,
  ): VirtualHandler => ({ create: (context, target, object) => handler(context, target, object as T) });
  return {
    'subjectaccessreviews.authorization.k8s.io': create(access.subjectAccessReview),
    'localsubjectaccessreviews.authorization.k8s.io': create(access.localSubjectAccessReview),
    'selfsubjectaccessreviews.authorization.k8s.io': create(access.selfSubjectAccessReview),
    'selfsubjectrulesreviews.authorization.k8s.io': create(access.selfSubjectRulesReview),
    'tokenreviews.authentication.k8s.io': create(identity.tokenReview),
    'selfsubjectreviews.authentication.k8s.io': create(identity.selfSubjectReview),
    'serviceaccounts/token': create(
      tokenRequestHandler({
        tokens,
        clock,
        readers: {
          serviceAccount: (namespace, name) => read.get(serviceaccounts, namespace, name),
          pod: (namespace, name) => read.get(pods, namespace, name),
          secret: (namespace, name) => read.get(secrets, namespace, name),
          node: (name) => read.get(nodes, '', name),
        },
      }),
    ),
  };
}

function servedAs(core: Core, type: ResourceType) {
  const resource = core.resources.find(type.group, type.version, type.resource);
  if (!resource) throw new Error(`${type.resource} are not served`);
  return resource;
}
