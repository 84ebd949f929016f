import { aggregate, fieldErrors, Path } from '../../../schema/field-error.ts';
import { configKind } from '../../config-file/kinds.ts';
import type { PluginConfigurations } from '../configuration.ts';
import type { ScopeRequirement } from './scopes.ts';

const name = 'ResourceQuota';

/** What may only be used where a quota of the namespace limits it. */
export interface LimitedResource {
  readonly apiGroup?: string;
  readonly resource: string;
  /** Of its usage, all names that contain one of these. */
  readonly matchContains?: readonly string[];
  /** Objects that one of these scopes is for. */
  readonly matchScopes?: readonly ScopeRequirement[];
}

const types = {
  Configuration: { limitedResources: { list: 'LimitedResource' } },
  LimitedResource: {
    apiGroup: { type: 'string' },
    resource: { type: 'string' },
    matchContains: { list: 'string' },
    matchScopes: { list: 'core/v1.ScopedResourceSelectorRequirement' },
  },
} as const;
interface Configuration {
  readonly limitedResources?: readonly (Partial<LimitedResource> & Omit<LimitedResource, 'resource'>)[];
}
// The oldest name of the kind, and the one that replaced it.
const kinds = [
  configKind<Configuration>('ResourceQuotaConfiguration', {
    'apiserver.config.k8s.io/v1': { ...types, ResourceQuotaConfiguration: types.Configuration },
  }),
  configKind<Configuration>('Configuration', {
    'resourcequota.admission.k8s.io/v1beta1': types,
    'resourcequota.admission.k8s.io/v1alpha1': types,
  }),
] as const;

/** The plugin's part of the admission configuration. Throws a ConfigurationError. */
export function readLimitedResources(configurations: PluginConfigurations): readonly LimitedResource[] {
  const kind = configurations.kindOf(name) === 'Configuration' ? kinds[1] : kinds[0];
  const { limitedResources = [] } = configurations.of(name, kind) ?? {};
  const path = Path.of('limitedResources');
  const found = limitedResources.flatMap(({ resource }, i) =>
    resource ? [] : [fieldErrors.required(path.index(i).child('resource'))],
  );
  if (found.length > 0) throw configurations.refuse(name, aggregate(found));
  return limitedResources.map(({ resource = '', ...rest }) => ({ resource, ...rest }));
}
