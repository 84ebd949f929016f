import { model } from '../../api/model.ts';
import type { Definitions, Json } from './definitions.ts';
import type { Paths } from './paths.ts';

export type AddPaths = (paths: Paths, definitions: Definitions) => void;

const text: Json = { type: 'string' };
const json = ['application/json'];

/** What the server has besides resources, by the path that v3's index names the document by. */
export const plainPaths: Readonly<Record<string, AddPaths>> = {
  '.well-known/openid-configuration': (paths) =>
    paths.addPlain(
      '/.well-known/openid-configuration/',
      'WellKnown',
      'getServiceAccountIssuerOpenIDConfiguration',
      'how tokens of service accounts are to be checked, in the words of OpenID discovery',
      text,
      json,
      [],
    ),
  api: (paths, definitions) =>
    paths.addPlain(
      '/api/',
      'core',
      'getCoreAPIVersions',
      'which versions the core group has',
      definitions.reference(model.type('meta/v1.APIVersions')),
    ),
  apis: (paths, definitions) =>
    paths.addPlain(
      '/apis/',
      'apis',
      'getAPIVersions',
      'which groups there are, with their versions',
      definitions.reference(model.type('meta/v1.APIGroupList')),
    ),
  'openid/v1/jwks': (paths) =>
    paths.addPlain(
      '/openid/v1/jwks/',
      'openid',
      'getServiceAccountIssuerOpenIDKeyset',
      'the public keys that tokens of service accounts are checked with',
      text,
      ['application/jwk-set+json'],
      [],
    ),
  version: (paths, definitions) =>
    paths.addPlain(
      '/version/',
      'version',
      'getCodeVersion',
      'which version the server is of',
      definitions.named('io.k8s.apimachinery.pkg.version.Info', versionInfo(definitions.version)),
      json,
    ),
};

/** version.Info: nothing but texts; the server always has the required ones. */
function versionInfo(version: 2 | 3): Json {
  const zero = version === 3 && { default: '' };
  const required = {
    major: 'First number of the version.',
    minor: 'Second number of the version.',
    gitVersion: 'The whole version.',
    gitCommit: 'The commit that it was built from.',
    gitTreeState: 'Whether the sources had changes beyond that commit.',
    buildDate: 'When it was built.',
    goVersion: 'The version of Go that it was built with, where it was.',
    compiler: 'What compiled it.',
    platform: 'Operating system and architecture.',
  };
  const optional = {
    emulationMajor: 'First number of the version that it behaves as.',
    emulationMinor: 'Second number of the version that it behaves as.',
    minCompatibilityMajor: 'First number of the oldest version that it gets along with.',
    minCompatibilityMinor: 'Second number of the oldest version that it gets along with.',
  };
  const properties = [
    ...Object.entries(required).map(([name, description]) => [name, { description, type: 'string', ...zero }] as const),
    ...Object.entries(optional).map(([name, description]) => [name, { description, type: 'string' }] as const),
  ].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    description: 'The version of a server.',
    type: 'object',
    required: Object.keys(required),
    properties: Object.fromEntries(properties),
  };
}

/** Every group-version that Kubernetes v1.36 has types for, served or not. */
export const everyVersion: Readonly<Record<string, readonly string[]>> = {
  '': ['v1'],
  'admission.k8s.io': ['v1', 'v1beta1'],
  'admissionregistration.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'apiextensions.k8s.io': ['v1', 'v1beta1'],
  'apiregistration.k8s.io': ['v1', 'v1beta1'],
  apps: ['v1', 'v1beta1', 'v1beta2'],
  'authentication.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'authorization.k8s.io': ['v1', 'v1beta1'],
  autoscaling: ['v1', 'v2'],
  batch: ['v1', 'v1beta1'],
  'certificates.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'coordination.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'discovery.k8s.io': ['v1', 'v1beta1'],
  'events.k8s.io': ['v1', 'v1beta1'],
  extensions: ['v1beta1'],
  'flowcontrol.apiserver.k8s.io': ['v1', 'v1beta1', 'v1beta2', 'v1beta3'],
  'imagepolicy.k8s.io': ['v1alpha1'],
  'internal.apiserver.k8s.io': ['v1alpha1'],
  'networking.k8s.io': ['v1', 'v1beta1'],
  'node.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  policy: ['v1', 'v1beta1'],
  'rbac.authorization.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'resource.k8s.io': ['v1', 'v1alpha3', 'v1beta1', 'v1beta2'],
  'scheduling.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'storage.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'storagemigration.k8s.io': ['v1beta1'],
};
