import { model } from '../api/model.ts';
import type { Authorizer } from '../apiserver/admission.ts';
import type { AdmissionSettings } from '../apiserver/admission-plugins/flags.ts';
import { Aggregator } from '../apiserver/aggregation/aggregator.ts';
import { ensureAuthenticationConfig, frontProxyNames } from '../apiserver/aggregation/authentication-config.ts';
import { registerCustomApiServices } from '../apiserver/aggregation/custom-api-services.ts';
import type { Authenticate } from '../apiserver/authentication/authenticator.ts';
import type { ServiceAccountTokens } from '../apiserver/authentication/service-account-tokens.ts';
import type { AuthenticationSettings } from '../apiserver/authentication/settings.ts';
import type { AuthorizationSettings } from '../apiserver/authorization/authorization.ts';
import { authorizationOfModes } from '../apiserver/authorization/flags.ts';
import { ensureDefaultServiceCidr } from '../apiserver/bootstrap/default-service-cidr.ts';
import { ensureBootstrap } from '../apiserver/bootstrap/ensure.ts';
import { keepFlowControl } from '../apiserver/bootstrap/flow-control.ts';
import { componentStatuses } from '../apiserver/component-statuses.ts';
import { Definitions } from '../apiserver/custom/definitions.ts';
import { webhookConversion } from '../apiserver/custom/webhook-conversion.ts';
import { EncryptedStore } from '../apiserver/encryption/encrypted-store.ts';
import type { Encryption } from '../apiserver/encryption/encryption.ts';
import type { Fairness, FairnessOptions } from '../apiserver/flowcontrol/fairness.ts';
import { startFairness } from '../apiserver/flowcontrol/start.ts';
import { meterAuthenticate, meterAuthorizer } from '../apiserver/metrics/access.ts';
import { MeteredStore } from '../apiserver/metrics/metered-store.ts';
import { buildResourceTable } from '../apiserver/resource-table.ts';
import { createSecurity } from '../apiserver/security.ts';
import { type Core, createCore, type ObjectReader } from '../apiserver/server-core.ts';
import { modelHash, withStoredDefaults } from '../apiserver/stored-defaults.ts';
import { strategies } from '../apiserver/strategies/index.ts';
import { loopbackUser } from '../apiserver/user.ts';
import { WebhookClient } from '../apiserver/webhooks/client.ts';
import { serviceResolver } from '../apiserver/webhooks/services.ts';
import type { Client } from '../client/client.ts';
import { createInProcessClient } from '../client/in-process.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { Registry } from '../utils/metrics.ts';
import type { KeyPair } from '../utils/x509.ts';

export interface ControlPlaneOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** PEM private key that signs service account tokens. */
  readonly serviceAccountKey: string;
  readonly authentication?: AuthenticationSettings;
  /** Default: see SecurityOptions. */
  readonly admission?: AdmissionSettings;
  /** As --authorization-mode, where no files are needed: "Node,RBAC"; or all that flags can say. */
  readonly authorizationMode?: string;
  readonly authorization?: AuthorizationSettings;
  readonly serviceClusterIpRange: string;
  /** First and last. */
  /** Who this server is to extension API servers, and whom they may believe. */
  readonly frontProxy?: { readonly ca: string; readonly client: KeyPair };
  /** PEM: who signs the certificates of clients; extension API servers are told. */
  readonly clientCa?: string;
  readonly serviceNodePorts: readonly [first: number, last: number];
  /** What API Priority and Fairness shares out; absent: there is none. */
  readonly seats?: number;
  /** What is encrypted in the store; absent: nothing. */
  readonly encryption?: Encryption;
  /** Where what is done is counted; absent: it is not. */
  readonly registry?: Registry;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
}

/** The API server below HTTP, with everything that guards it, ready to serve. */
export interface ControlPlane {
  readonly core: Core;
  readonly authenticate: Authenticate;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly aggregator: Aggregator;
  readonly fairness: Fairness | undefined;
  /** A client in this process; `userAgent` names the component. */
  client(userAgent: string): Client;
  close(): Promise<void>;
}

/** Puts the API server's parts together over a store, and makes the objects that every cluster has. */
export async function createControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { clock, log, registry } = options;
  const random = options.random ?? Math.random;
  const resources = buildResourceTable(model, strategies);
  const { encryption } = options;
  const readable = encryption ? new EncryptedStore(options.store, encryption.byKey(resources), log) : options.store;
  const current = await withStoredDefaults(readable, resources, modelHash(model));
  const store = registry ? new MeteredStore(current, resources, registry) : current;
  const security = createSecurity({
    clock,
    log,
    registry,
    random,
    serviceAccountKey: options.serviceAccountKey,
    authentication: {
      ...options.authentication,
      ...(options.frontProxy && { frontProxy: { ca: options.frontProxy.ca, allowedNames: frontProxyNames } }),
    },
    authorization: options.authorization ?? authorizationOfModes(options.authorizationMode ?? 'Node,RBAC'),
    admission: options.admission,
    projectServiceCa: true,
  });
  let objects: ObjectReader | undefined;
  const well = () => undefined;
  const storeAnswers = () =>
    store.get('health').then(
      () => undefined,
      (error: unknown) => String(error),
    );
  const webhooks = new WebhookClient(
    serviceResolver(() => objects, random),
    clock,
  );
  const core = createCore({
    convert: webhookConversion(webhooks),
    store,
    resources,
    admission: security.admission,
    authorizer: registry ? meterAuthorizer(security.authorizer, registry) : security.authorizer,
    metrics: registry,
    virtual: {
      ...security.virtual,
      // Scheduler and controllers are of this very process.
      componentstatuses: componentStatuses({ scheduler: well, 'controller-manager': well, 'etcd-0': storeAnswers }),
    },
    services: {
      clusterIpRanges: options.serviceClusterIpRange.split(','),
      nodePorts: options.serviceNodePorts,
    },
    clock,
    log,
    random,
  });
  objects = core.objects;
  const client = (userAgent: string) => createInProcessClient(core, { user: loopbackUser, userAgent });
  await core.preload(
    security.reads.map(([group, version, resource]) => {
      const served = resources.find(group, version, resource);
      if (!served) throw new Error(`${resource} are not served`);
      return served;
    }),
  );
  const definitions = new Definitions({ core, clock, log });
  const aggregator = new Aggregator({
    core,
    clock,
    log,
    resolve: serviceResolver(() => objects, random),
    client: options.frontProxy?.client,
  });
  const { seats } = options;
  const statistics: FairnessOptions['statistics'] = ({ group, version, resource }) =>
    core.objects.statistics(group, version, resource);
  const [fair] = await Promise.all([
    seats === undefined ? undefined : startFairness(core, { clock, seats, statistics, registry }),
    security.start(core),
    definitions.ready,
    aggregator.ready,
    ensureBootstrap(client('kube-apiserver')).then(() =>
      ensureAuthenticationConfig(client('kube-apiserver'), {
        clientCa: options.clientCa,
        frontProxyCa: options.frontProxy?.ca,
      }),
    ),
    ensureDefaultServiceCidr(client('kube-apiserver'), { cidrs: options.serviceClusterIpRange.split(','), clock, log }),
  ]);
  registry?.add(security.webhookMetrics);
  const registration = registerCustomApiServices({ core, clock, log });
  const keepsFlowControl = keepFlowControl(client('kube-apiserver'), clock, log);
  return {
    core,
    aggregator,
    fairness: fair?.fairness,
    authenticate: registry ? meterAuthenticate(security.authenticate, registry) : security.authenticate,
    // The core asks again about resources, and counts what is allowed.
    authorizer: registry
      ? meterAuthorizer(security.authorizer, registry, ({ resource }, allowed) => !allowed || resource === '')
      : security.authorizer,
    tokens: security.tokens,
    client,
    async close() {
      keepsFlowControl();
      fair?.stop();
      registration.stop();
      aggregator.close();
      definitions.close();
      webhooks.close();
      security.stop();
      await core.close();
    },
  };
}
