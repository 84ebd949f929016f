import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { ListOptions, PatchOptions, WatchOptions, WriteOptions } from '../client.ts';

/** The path of a collection (no name), an object, or one of its subresources. */
export function resourcePath(type: ResourceType<KubeObject>, namespace: string, name = '', subresource = ''): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = namespace !== '' && type.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === '' ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${type.resource}${object}${subresource === '' ? '' : `/${subresource}`}`;
}

/** "?a=b&c=d", or "" when nothing is set. */
export function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '' && value !== false) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

export const listQuery = (options: ListOptions) => ({
  labelSelector: options.labelSelector,
  fieldSelector: options.fieldSelector,
  resourceVersion: options.resourceVersion,
  resourceVersionMatch: options.resourceVersionMatch,
  limit: options.limit,
  continue: options.continue,
});

export const watchQuery = (options: WatchOptions) => ({
  ...listQuery(options),
  watch: true,
  allowWatchBookmarks: options.allowBookmarks,
  sendInitialEvents: options.sendInitialEvents === undefined ? undefined : String(options.sendInitialEvents),
  timeoutSeconds: options.timeoutSeconds,
});

export const writeQuery = (options: WriteOptions & Pick<PatchOptions, 'force'>) => ({
  dryRun: options.dryRun ? 'All' : undefined,
  fieldManager: options.fieldManager,
  fieldValidation: options.fieldValidation,
  force: options.force,
});
