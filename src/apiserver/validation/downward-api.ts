import type { ObjectFieldSelector, ResourceFieldSelector } from '../../api/core/v1.gen.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { checkQualifiedName, type Found } from './values.ts';

/** Fields of pods that the v1 API knows by a path, whether or not a use of it takes them. */
const known: ReadonlySet<string> = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
  'spec.host',
]);
const containerFields = ['cpu', 'ephemeral-storage', 'memory'];
const resourceFields = ['limits', 'requests'].flatMap((kind) => containerFields.map((name) => `${kind}.${name}`));
const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** A field of the pod for its containers to see; `allowed` sorted, as complaints list it. */
export function checkFieldRef(ref: ObjectFieldSelector, allowed: readonly string[], path: Path, found: Found): void {
  const { apiVersion, fieldPath } = ref;
  if (!apiVersion) {
    found.push(fieldErrors.required(path.child('apiVersion')));
    return;
  }
  if (!fieldPath) {
    found.push(fieldErrors.required(path.child('fieldPath')));
    return;
  }
  const wrong = (why: string): void => {
    found.push(fieldErrors.invalid(path.child('fieldPath'), fieldPath, `error converting fieldPath: ${why}`));
  };
  const [, base, key] = /^(.*)\['(.*)'\]$/.exec(fieldPath) ?? [];
  if (apiVersion !== 'v1') wrong(`unsupported pod version: ${apiVersion}`);
  else if (base !== undefined && key !== undefined) {
    if (base === 'metadata.annotations') checkQualifiedName(key.toLowerCase(), path, found);
    else if (base === 'metadata.labels') checkQualifiedName(key, path, found);
    else wrong(`field label does not support subscript: ${fieldPath}`);
  } else if (!known.has(fieldPath)) wrong(`field label not supported: ${fieldPath}`);
  else {
    const field = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
    if (!allowed.includes(field)) found.push(fieldErrors.notSupported(path.child('fieldPath'), field, allowed));
  }
}

/** A container's resource; in volumes it must say which container's. */
export function checkResourceFieldRef(ref: ResourceFieldSelector, volume: boolean, path: Path, found: Found): void {
  const { containerName, resource, divisor } = ref;
  if (volume && !containerName) found.push(fieldErrors.required(path.child('containerName')));
  else if (!resource) found.push(fieldErrors.required(path.child('resource')));
  else if (!resourceFields.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    found.push(fieldErrors.notSupported(path.child('resource'), resource, resourceFields));
  }
  if (divisor === undefined || compareQuantities(divisor, '0') === 0) return;
  const refuse = (allowed: string, what: string): void => {
    const why = `only divisor's values ${allowed} are supported with the ${what} resource`;
    found.push(fieldErrors.invalid(path.child('divisor'), resource, why));
  };
  const name = resource?.slice(resource.indexOf('.') + 1) ?? '';
  if (name === 'cpu') {
    if (divisor !== '1m' && divisor !== '1') refuse('1m and 1', 'cpu');
  } else if (!byteDivisors.includes(divisor)) {
    if (name === 'memory') refuse(byteDivisors.join(', '), 'memory');
    else if (name === 'ephemeral-storage') refuse(byteDivisors.join(', '), 'local ephemeral storage');
    else if (name.startsWith('hugepages-')) refuse(byteDivisors.join(', '), 'hugepages');
  }
}
