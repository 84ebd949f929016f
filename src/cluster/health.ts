import type { Encryption } from '../apiserver/encryption/encryption.ts';
import type { HealthCheck } from '../apiserver/http/health.ts';
import type { Store } from '../store/store.ts';

/** How far the server has come; kube-apiserver's names for it, as far as they are true of this server. */
export class ServerHealth {
  /** The kubernetes Service points to this server. */
  serviceMade = false;
  /** Every informer of controllers and scheduler has its first list. */
  informersSynced = false;
  stopping = false;

  /**
   * In the order of kube-apiserver's report. What createControlPlane makes before there is a listener is finished by the
   * time anybody can ask. https://kubernetes.io/docs/reference/using-api/health-checks/
   */
  checks(store: Pick<Store, 'get'>, encryption?: Pick<Encryption, 'check'>): readonly HealthCheck[] {
    const unless = (good: boolean, problem: string) => (good ? undefined : problem);
    const hook = (name: string, finished: () => boolean): HealthCheck => ({
      name: `poststarthook/${name}`,
      check: () => unless(finished(), 'not finished'),
    });
    const etcd = () =>
      store.get('health').then(
        () => undefined,
        (error: unknown) => String(error),
      );
    const readyOnly = ['/healthz', '/livez'] as const;
    // What is made before there is a listener, or with it, is finished for whoever can ask.
    const done = (name: string): HealthCheck => ({ name: `poststarthook/${name}`, check: () => undefined });
    return [
      { name: 'log', check: () => undefined },
      { name: 'etcd', check: etcd },
      { name: 'etcd-readiness', check: etcd, except: readyOnly },
      {
        name: 'informer-sync',
        check: () => unless(this.informersSynced, 'informers not started yet'),
        except: readyOnly,
      },
      ...before.map(done),
      hook('bootstrap-controller', () => this.serviceMade),
      ...aggregation.map(done),
      { name: 'autoregister-completion', check: () => undefined },
      ...openApi.map(done),
      ...(encryption ? [{ name: 'kms-providers', check: () => encryption.check() }] : []),
      { name: 'shutdown', check: () => unless(!this.stopping, 'process is shutting down'), except: readyOnly },
    ];
  }
}

/** Hooks that are finished when there is a listener, before and after the one that is not. */
const before = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'storage-readiness',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
] as const;
const aggregation = [
  'start-kubernetes-service-cidr-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
] as const;
const openApi = ['apiservice-openapi-controller', 'apiservice-openapiv3-controller'] as const;
