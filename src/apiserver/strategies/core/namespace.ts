import type { Namespace } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { validateNamespace, validateNamespaceStatusUpdate } from '../../validation/cluster.ts';
import { age } from '../cells.ts';
import { define } from '../define.ts';

export const namespace = define<Namespace>({
  validateCreate: validateNamespace,
  setDefaults: ({ metadata, status }) => {
    if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
    if (status) status.phase ??= 'Active';
  },
  prepareForCreate: (namespace) => {
    namespace.status = { phase: 'Active' };
  },
  prepareForUpdate: (namespace, old) => {
    namespace.spec = { ...namespace.spec, finalizers: old.spec.finalizers as string[] | undefined };
    namespace.status = old.status as Mutable<Namespace>['status'];
  },
  subresources: {
    status: {
      prepareForUpdate: (namespace, old) => {
        namespace.spec = old.spec as Mutable<Namespace>['spec'];
      },
      validateUpdate: validateNamespaceStatusUpdate,
    },
  },
  selectableFields: ({ metadata, status }) => ({ name: metadata?.name ?? '', 'status.phase': status?.phase ?? '' }),
  tableCells: (namespace, now) => [namespace.metadata.name, namespace.status.phase ?? '', age(namespace, now)],
});
