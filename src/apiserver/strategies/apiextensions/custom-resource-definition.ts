import type { CustomResourceDefinition } from '../../../api/apiextensions/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { createdAtCells } from '../cells.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';

/** Versions that objects may be stored in: that of now, and all of before until somebody has rewritten them. */
function markStored({ spec, status }: Mutable<CustomResourceDefinition>): void {
  const stored = status.storedVersions ?? [];
  const missing = (spec.versions ?? [])
    .filter(({ storage, name }) => storage && !stored.includes(name))
    .map(({ name }) => name);
  if (missing.length > 0) status.storedVersions = [...stored, ...missing];
}

/** https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/ */
export const customResourceDefinition = define<CustomResourceDefinition>({
  setDefaults: ({ spec }) => {
    const { names } = spec;
    if (names.kind) {
      names.singular ??= names.kind.toLowerCase();
      names.listKind ??= `${names.kind}List`;
    }
    spec.conversion ??= { strategy: 'None' };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service) service.port ??= 443;
  },
  prepareForCreate: (definition) => {
    definition.metadata.generation = 1;
    // What is absent here is written as null.
    const none = null as unknown as [];
    definition.status = { conditions: none, acceptedNames: { plural: '', kind: '' }, storedVersions: none };
    markStored(definition);
  },
  prepareForUpdate: (definition, old) => {
    updateSpec<CustomResourceDefinition>(definition, old);
    definition.status = { ...definition.status };
    markStored(definition);
  },
  // Labels and what else is metadata is the status writer's too.
  subresources: { status: { prepareForUpdate: updateStatus<CustomResourceDefinition> } },
  allowUnconditionalUpdate: false,
  tableCells: createdAtCells,
});
