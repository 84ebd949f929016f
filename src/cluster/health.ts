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
  checks(store: Pick<Store, 'get'>): readonly HealthCheck[] {
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
    return [
      { name: 'etcd', check: etcd },
      { name: 'etcd-readiness', check: etcd, except: readyOnly },
      {
        name: 'informer-sync',
        check: () => unless(this.informersSynced, 'informers not started yet'),
        except: readyOnly,
      },
      hook('rbac/bootstrap-roles', () => true),
      hook('scheduling/bootstrap-system-priority-classes', () => true),
      hook('priority-and-fairness-config-producer', () => true),
      hook('bootstrap-controller', () => this.serviceMade),
      { name: 'shutdown', check: () => unless(!this.stopping, 'process is shutting down'), except: readyOnly },
    ];
  }
}
