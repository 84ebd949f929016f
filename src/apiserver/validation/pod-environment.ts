import type { EnvFromSource, EnvVar, Volume } from '../../api/core/v1.gen.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { checkFieldRef, checkResourceFieldRef } from './downward-api.ts';
import {
  addAll,
  checkDescendingPath,
  checkLabel1123,
  checkSubdomain,
  configKeyProblems,
  environmentNameProblems,
  type Found,
  required,
} from './values.ts';

const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const ONE_FIELD = 'may not have more than one field specified at a time';

/** `volumes` are the pod's, which variables from files refer to. */
export function checkEnvironment(
  variables: readonly EnvVar[],
  volumes: ReadonlyMap<string, Volume>,
  path: Path,
  found: Found,
): void {
  variables.forEach(({ name, value, valueFrom }, i) => {
    // As nearly all are.
    if (!valueFrom && name && environmentNameProblems(name).length === 0) return;
    const at = path.index(i);
    if (required(name, at, 'name', found)) addAll(found, at.child('name'), name, environmentNameProblems(name));
    if (!valueFrom) return;
    const from = at.child('valueFrom');
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
    if (fieldRef) checkFieldRef(fieldRef, environmentFields, from.child('fieldRef'), found);
    if (resourceFieldRef) checkResourceFieldRef(resourceFieldRef, false, from.child('resourceFieldRef'), found);
    if (configMapKeyRef) checkKeyRef(configMapKeyRef, from.child('configMapKeyRef'), found);
    if (secretKeyRef) checkKeyRef(secretKeyRef, from.child('secretKeyRef'), found);
    if (fileKeyRef) {
      const file = from.child('fileKeyRef');
      if (required(fileKeyRef.volumeName, file, 'volumeName', found)) {
        checkLabel1123(fileKeyRef.volumeName, file.child('volumeName'), found);
      }
      if (!volumes.has(fileKeyRef.volumeName)) {
        found.push(fieldErrors.notFound(file.child('volumeName'), fileKeyRef.volumeName ?? ''));
      }
      if (required(fileKeyRef.path, file, 'path', found)) {
        checkDescendingPath(fileKeyRef.path, file.child('path'), found);
      }
      if (required(fileKeyRef.key, file, 'key', found)) {
        addAll(found, file.child('key'), fileKeyRef.key, environmentNameProblems(fileKeyRef.key));
      }
    }
    const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
    if (sources === 0) {
      const why =
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
      found.push(fieldErrors.invalid(from, '', why));
    } else if (value) found.push(fieldErrors.invalid(from, '', 'may not be specified when `value` is not empty'));
    else if (sources > 1) found.push(fieldErrors.invalid(from, '', ONE_FIELD));
  });
}

function checkKeyRef({ name, key }: { name?: string; key: string }, path: Path, found: Found): void {
  checkSubdomain(name ?? '', path.child('name'), found);
  if (required(key, path, 'key', found)) addAll(found, path.child('key'), key, configKeyProblems(key));
}

export function checkEnvFrom(sources: readonly EnvFromSource[], path: Path, found: Found): void {
  for (const [i, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const at = path.index(i);
    if (prefix) addAll(found, at.child('prefix'), prefix, environmentNameProblems(prefix));
    for (const [ref, field] of [
      [configMapRef, 'configMapRef'],
      [secretRef, 'secretRef'],
    ] as const) {
      if (!ref) continue;
      if (required(ref.name, at.child(field), 'name', found)) {
        checkSubdomain(ref.name ?? '', at.child(field, 'name'), found);
      }
    }
    if (!configMapRef && !secretRef) {
      found.push(fieldErrors.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    } else if (configMapRef && secretRef) found.push(fieldErrors.invalid(path, '', ONE_FIELD));
  }
}
