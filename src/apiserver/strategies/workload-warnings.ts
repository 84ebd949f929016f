import type { PodTemplateSpec } from '../../api/core/v1.gen.ts';
import { dns1123LabelProblems } from '../../api/names.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { Path } from '../../schema/field-error.ts';
import { podTemplateWarnings } from './core/pod-warnings.ts';

/** Objects whose pods are called after them: names that are no DNS labels make odd host names. */
function nameWarnings({ metadata: { name } }: KubeObject): readonly string[] {
  const problems = dns1123LabelProblems(name);
  if (problems.length === 0) return [];
  const what = 'this is used in Pod names and hostnames, which can result in surprising behavior';
  return [`metadata.name: ${what}; a DNS label is recommended: [${problems.join(' ')}]`];
}

/** What a new workload, or one whose spec has changed, gives to think about. */
export function workloadWarnings(
  object: KubeObject,
  old: KubeObject | undefined,
  template: PodTemplateSpec | undefined,
  path?: Path,
): readonly string[] {
  if (old) return templateWarnings(object, old, template, path);
  return [...nameWarnings(object), ...podTemplateWarnings(template, path)];
}

/** The same of a kind that says nothing about names. */
export const templateWarnings = (
  object: KubeObject,
  old: KubeObject | undefined,
  template: PodTemplateSpec | undefined,
  path?: Path,
): readonly string[] => (specChanged(object, old) ? podTemplateWarnings(template, path) : []);

export const specChanged = (object: KubeObject, old: KubeObject | undefined): boolean =>
  object.metadata.generation !== old?.metadata.generation;
