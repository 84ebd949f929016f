import type { Namespace, Pod, Toleration } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { qosClass } from '../../api/pod-qos.ts';
import { aggregate, type FieldError, Path } from '../../schema/field-error.ts';
import { jsonSyntaxError } from '../../schema/json-syntax.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { configKind } from '../config-file/kinds.ts';
import { checkTolerations } from '../validation/pod-scheduling.ts';
import type { PluginConfigurations } from './configuration.ts';
import { type AdmissionReaders, mutableOf, objectOf } from './readers.ts';
import { allAllowed, mergeTolerations } from './tolerations.ts';

const annotations = {
  defaults: 'scheduler.alpha.kubernetes.io/defaultTolerations',
  whitelist: 'scheduler.alpha.kubernetes.io/tolerationsWhitelist',
} as const;

/** What namespaces get that say nothing themselves. */
export interface TolerationRestrictions {
  readonly default?: readonly Toleration[];
  readonly whitelist?: readonly Toleration[];
}

const kind = configKind<TolerationRestrictions>('Configuration', {
  'podtolerationrestriction.admission.k8s.io/v1alpha1': {
    Configuration: { default: { list: 'core/v1.Toleration' }, whitelist: { list: 'core/v1.Toleration' } },
  },
});

const name = 'PodTolerationRestriction';

/** The plugin's part of the admission configuration. Throws a ConfigurationError. */
export function readTolerationRestrictions(configurations: PluginConfigurations): TolerationRestrictions {
  const restrictions = configurations.of(name, kind) ?? {};
  const found: FieldError[] = [];
  const path = Path.of('podtolerationrestriction');
  checkTolerations(restrictions.default, path.child('default'), found);
  checkTolerations(restrictions.whitelist, path.child('whitelist'), found);
  if (found.length > 0) throw configurations.refuse(name, `invalid config: ${aggregate(found)}`);
  return restrictions;
}

/**
 * Pods get the tolerations of their namespace, and no others than it allows.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podtolerationrestriction
 */
export function podTolerationRestriction(
  readers: Pick<AdmissionReaders, 'namespace' | 'fresh'>,
  cluster: TolerationRestrictions,
): AdmissionPlugin {
  const check = (request: AdmissionRequest, namespace: Namespace): void => {
    const own = objectOf<Pod>(request).spec.tolerations ?? [];
    if (own.length === 0) return;
    const ofNamespace = listOf(namespace, annotations.whitelist);
    if (!allAllowed(own, ofNamespace ?? cluster.whitelist ?? []))
      throw errors.unknown(
        `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${ofNamespace ? 'namespace' : 'cluster'} whitelist`,
      );
  };
  const withNamespace = (request: AdmissionRequest, then: (namespace: Namespace) => void) => {
    const use = (found: Namespace | undefined) => {
      if (!found) throw errors.notFound({ group: '', resource: 'namespaces' }, request.target.namespace);
      then(found);
    };
    const found = readers.namespace(request.target.namespace);
    return found || !readers.fresh ? use(found) : readers.fresh.namespace(request.target.namespace).then(use);
  };
  return {
    name,
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && group === '' && resource === 'pods' && subresource === '',
    admit(request) {
      return withNamespace(request, (namespace) => {
        const { spec } = mutableOf<Pod>(request);
        const extra: Toleration[] =
          request.operation === 'CREATE' ? [...(listOf(namespace, annotations.defaults) ?? cluster.default ?? [])] : [];
        if (qosClass(spec) !== 'BestEffort')
          extra.push({ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' });
        if (extra.length > 0) spec.tolerations = mergeTolerations(spec.tolerations ?? [], extra);
        check(request, namespace);
      });
    },
    validate: (request) => withNamespace(request, (namespace) => check(request, namespace)),
  };
}

/** The tolerations of a namespace's annotation; undefined where it has none. */
function listOf({ metadata }: Namespace, key: string): readonly Toleration[] | undefined {
  const text = metadata.annotations?.[key];
  if (text === undefined) return undefined;
  if (text === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw errors.unknown(jsonSyntaxError(Buffer.from(text)) ?? 'unexpected end of JSON input');
  }
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null);
  if (!isList) throw errors.unknown(`json: cannot unmarshal into Go value of type []v1.Toleration`);
  // Objects each; fields of another type are found when the pod is validated.
  return value as readonly Toleration[];
}
