import { isNotFound } from '../../api/errors.ts';
import type { Condition } from '../../api/meta/v1.gen.ts';
import { ipaddresses, type ServiceCIDR, servicecidrs } from '../../api/networking/v1.gen.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import { rangeContains } from '../../utils/ip.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { withoutFinalizer } from '../storageprotection/finalizers.ts';

const NAME = 'service-cidr-controller';
const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
/** So long all API servers may still give addresses of a range that is being deleted. */
const DELETION_GRACE_MS = 10_000;
const READY = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
const IN_USE = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

/**
 * Says of ServiceCIDRs that they are ready, and keeps those that are deleted for as long as Services have addresses of
 * theirs that no other ServiceCIDR has.
 * https://kubernetes.io/docs/tasks/network/reconfigure-default-service-ip-ranges/
 */
export function startServiceCidrsController(context: ControllerContext): ControllerHandle {
  const { client, clock, recorder } = context;
  const cidrs = context.informers.informer(servicecidrs);
  const addresses = context.informers.informer(ipaddresses);

  const setReady = async (cidr: ServiceCIDR, wanted: typeof READY): Promise<void> => {
    const current = cidr.status?.conditions?.find(({ type }) => type === 'Ready');
    if (current && same(current, wanted)) return;
    const condition = { type: 'Ready', ...wanted, lastTransitionTime: formatTime(clock.now()) };
    const { name } = cidr.metadata;
    const body = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name },
      status: { conditions: [condition] },
    };
    await client
      .resource(servicecidrs)
      .patch('', name, { type: 'apply', body }, { subresource: 'status', fieldManager: NAME, force: true });
  };

  /** Merged with those of others, whatever they are by now. */
  const addFinalizer = async (name: string): Promise<void> => {
    const body = { metadata: { finalizers: [FINALIZER] } };
    await client.resource(servicecidrs).patch('', name, { type: 'strategic', body });
  };

  /** Whether every address of a Service would still be in some range without this one. */
  const mayGo = (cidr: ServiceCIDR): boolean => {
    const { name } = cidr.metadata;
    const own = rangesOf(cidr);
    const others = cidrs.store.list('').flatMap((other) => (other.metadata.name === name ? [] : rangesOf(other)));
    if (own.every((range) => others.some((other) => covers(other, range)))) return true;
    return !addresses.store
      .list('')
      .some(
        ({ metadata }) =>
          metadata.labels?.['ipaddress.kubernetes.io/managed-by'] === 'ipallocator.k8s.io' &&
          own.some((range) => rangeContains(range, metadata.name)) &&
          !others.some((range) => rangeContains(range, metadata.name)),
      );
  };

  return startReconciler(context, {
    name: 'servicecidrs',
    workers: 5,
    waitFor: [cidrs, addresses],
    observe: (queue) => {
      /** Ranges overlap: what happens to one may set another free. */
      const related = (changed: ServiceCIDR): void => {
        queue.add(changed.metadata.name);
        const own = rangesOf(changed);
        for (const other of cidrs.store.list('')) {
          const touches = rangesOf(other).some((a) => own.some((b) => covers(a, b) || covers(b, a)));
          if (touches) queue.add(other.metadata.name);
        }
      };
      const containing = (address: string): void => {
        for (const cidr of cidrs.store.list('')) {
          if (rangesOf(cidr).some((range) => rangeContains(range, address))) queue.add(cidr.metadata.name);
        }
      };
      return [
        cidrs.addHandler({ onAdd: related, onUpdate: (_, cidr) => related(cidr), onDelete: related }),
        addresses.addHandler({
          onAdd: ({ metadata }) => containing(metadata.name),
          onDelete: ({ metadata }) => containing(metadata.name),
        }),
      ];
    },
    async reconcile(name, queue) {
      const cidr = cidrs.store.get('', name);
      if (!cidr) return;
      const { deletionTimestamp, finalizers = [] } = cidr.metadata;
      if (!deletionTimestamp) {
        try {
          if (!finalizers.includes(FINALIZER)) await addFinalizer(name);
          await setReady(cidr, READY);
        } catch (error) {
          if (isNotFound(error)) return;
          const why = 'The ServiceCIDR Status can not be set to Ready=True';
          recorder.event(cidr, 'Warning', 'KubernetesServiceCIDRError', why);
          throw error;
        }
        return;
      }
      if (!finalizers.includes(FINALIZER)) return;
      if (!mayGo(cidr)) return setReady(cidr, IN_USE);
      const left = DELETION_GRACE_MS - (clock.now() - timeToMs(deletionTimestamp));
      if (left > 0) queue.addAfter(name, left);
      else await withoutFinalizer(client, servicecidrs, cidr, FINALIZER);
    },
  });
}

const rangesOf = ({ spec }: ServiceCIDR): readonly string[] => spec?.cidrs ?? [];

/** Whether all of `inner` is in `outer`. */
function covers(outer: string, inner: string): boolean {
  const [base = '', bits] = inner.split('/');
  return Number(outer.split('/')[1]) <= Number(bits) && rangeContains(outer, base);
}

const same = (current: Condition, wanted: typeof READY): boolean =>
  current.status === wanted.status && current.reason === wanted.reason && current.message === wanted.message;
