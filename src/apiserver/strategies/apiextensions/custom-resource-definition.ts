import type { CustomResourceDefinition } from '../../../api/apiextensions/v1.gen.ts';
import { createdAtCells } from '../cells.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';

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
  prepareForUpdate: updateSpec<CustomResourceDefinition>,
  subresources: { status: { prepareForUpdate: updateStatus<CustomResourceDefinition> } },
  tableCells: createdAtCells,
});
