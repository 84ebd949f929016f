import type { Namespace, Pod } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { labelValueProblems, qualifiedNameProblems } from '../../api/names.ts';
import { aggregate, fieldErrors, Path } from '../../schema/field-error.ts';
import { isJsonObject } from '../../schema/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { ConfigError } from '../config-file/read.ts';
import { type AdmissionReaders, mutableOf, objectOf, refusal } from './readers.ts';

const annotation = 'scheduler.alpha.kubernetes.io/node-selector';
const clusterDefault = 'clusterDefaultNodeSelector';

/** Selectors by namespace, and by "clusterDefaultNodeSelector" for namespaces that say nothing: "a=b,c=d". */
export type NodeSelectors = Readonly<Record<string, string>>;

/** Decodes `podNodeSelectorPluginConfig: {...}`, which has no kind. */
export function decodeNodeSelectors(value: unknown): NodeSelectors {
  if (!isJsonObject(value)) throw new ConfigError('the text is not a mapping');
  const unknown = Object.keys(value).find((key) => key !== 'podNodeSelectorPluginConfig');
  if (unknown !== undefined) throw new ConfigError(`unknown field "${unknown}"`);
  const selectors = value.podNodeSelectorPluginConfig ?? {};
  if (!isJsonObject(selectors)) throw new ConfigError('podNodeSelectorPluginConfig is not a mapping');
  const decoded: Record<string, string> = {};
  for (const [name, selector] of Object.entries(selectors)) {
    if (typeof selector !== 'string') throw new ConfigError(`podNodeSelectorPluginConfig.${name} is not a string`);
    selectorLabels(selector, (why) => new ConfigError(`podNodeSelectorPluginConfig.${name}: ${why}`));
    decoded[name] = selector;
  }
  return decoded;
}

/** The labels of "a=b,c=d". `problem` makes the error to throw for what is no such text. */
function selectorLabels(text: string, problem: (why: string) => Error): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  if (text === '') return labels;
  for (const part of text.split(',')) {
    const pair = part.split('=');
    if (pair.length !== 2) throw problem(`invalid selector: [${pair.join(' ')}]`);
    const [key = '', value = ''] = pair.map((one) => one.trim());
    const [keyProblems, valueProblems] = [qualifiedNameProblems(key), labelValueProblems(value)];
    if (keyProblems.length > 0) throw problem(aggregate([fieldErrors.invalid(Path.root, key, keyProblems.join('; '))]));
    if (valueProblems.length > 0)
      throw problem(aggregate([fieldErrors.invalid(Path.root.key(key), value, valueProblems.join('; '))]));
    labels.set(key, value);
  }
  return labels;
}

/**
 * Pods run on the nodes that their namespace is for.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podnodeselector
 */
export function podNodeSelector(
  readers: Pick<AdmissionReaders, 'namespace' | 'fresh'>,
  selectors: NodeSelectors,
): AdmissionPlugin {
  // A selector that a namespace's annotation has makes no sense: Kubernetes passes the error on as it is.
  const labelsOf = (text: string) => selectorLabels(text, errors.unknown);
  const wantedBy = (namespace: Namespace) => {
    const own = namespace.metadata.annotations?.[annotation];
    return labelsOf(own ?? configured(selectors, clusterDefault));
  };

  const check = (request: AdmissionRequest, wanted: ReadonlyMap<string, string>): void => {
    const own = objectOf<Pod>(request).spec.nodeSelector ?? {};
    for (const [key, value] of wanted) {
      if (Object.hasOwn(own, key) && own[key] !== value)
        throw refusal(request, 'pod node label selector conflicts with its namespace node label selector');
    }
  };
  const checkAllowed = (request: AdmissionRequest): void => {
    const allowed = labelsOf(configured(selectors, request.target.namespace));
    const own = Object.entries(objectOf<Pod>(request).spec.nodeSelector ?? {});
    if (allowed.size > 0 && !own.every(([key, value]) => allowed.get(key) === value))
      throw refusal(request, 'pod node label selector labels conflict with its namespace whitelist');
  };
  const withNamespace = (request: AdmissionRequest, then: (namespace: Namespace) => void) => {
    const { namespace: name } = request.target;
    const use = (found: Namespace | undefined) => {
      if (!found) throw errors.internal(`namespace ${name} does not exist`);
      then(found);
    };
    const found = readers.namespace(name);
    return found || !readers.fresh ? use(found) : readers.fresh.namespace(name).then(use);
  };

  return {
    name: 'PodNodeSelector',
    handles: (operation, group, resource, subresource) =>
      operation === 'CREATE' && group === '' && resource === 'pods' && subresource === '',
    admit(request) {
      return withNamespace(request, (namespace) => {
        const wanted = wantedBy(namespace);
        check(request, wanted);
        const { spec } = mutableOf<Pod>(request);
        const merged = { ...Object.fromEntries(wanted), ...spec.nodeSelector };
        if (Object.keys(merged).length > 0) spec.nodeSelector = merged;
        checkAllowed(request);
      });
    },
    validate(request) {
      return withNamespace(request, (namespace) => {
        check(request, wantedBy(namespace));
        checkAllowed(request);
      });
    },
  };
}

const configured = (selectors: NodeSelectors, name: string): string =>
  Object.hasOwn(selectors, name) ? (selectors[name] ?? '') : '';
