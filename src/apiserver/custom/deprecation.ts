import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../api/apiextensions/v1.gen.ts';
import { compareVersions } from '../../api/version-priority.ts';

/** What whoever uses a deprecated version is told; undefined for the others. */
export function deprecationWarning(
  { group, names, versions }: CustomResourceDefinition['spec'],
  { name, deprecated, deprecationWarning: own }: CustomResourceDefinitionVersion,
): string | undefined {
  if (!deprecated) return undefined;
  if (own !== undefined) return own;
  const [better] = versions
    .filter((other) => other.served && !other.deprecated && compareVersions(other.name, name) < 0)
    .map((other) => other.name)
    .sort(compareVersions);
  const gone = `${group}/${name} ${names.kind} is deprecated`;
  return better === undefined ? gone : `${gone}; use ${group}/${better} ${names.kind}`;
}
