import type { CustomResourceDefinition } from '../../../api/apiextensions/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { quote } from '../../../schema/quote.ts';
import { knownFormat } from '../../custom/schema/formats.ts';
import { someSchema } from '../../custom/schema/some-schema.ts';
import { asWritten } from '../../custom/schema/structural.ts';
import {
  validateCustomResourceDefinition,
  validateCustomResourceDefinitionStatus,
  validateCustomResourceDefinitionUpdate,
} from '../../validation/custom-resource-definition.ts';
import { createdAtCells } from '../cells.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';

/** Versions that objects may be stored in: that of now, and all of before until somebody has rewritten them. */
function markStored({ spec, status }: Mutable<CustomResourceDefinition>): void {
  const stored = status.storedVersions ?? [];
  const current = (spec.versions ?? []).find(({ storage }) => storage)?.name;
  if (current !== undefined && !stored.includes(current)) status.storedVersions = [...stored, current];
}

/** Formats of the schemas that mean nothing, in the order of the schemas. */
function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  const versions = spec.versions ?? [];
  const [first] = versions;
  const shared = versions.every(({ schema }) => JSON.stringify(schema) === JSON.stringify(first?.schema));
  const found: string[] = [];
  for (const { schema } of shared ? versions.slice(0, 1) : versions) {
    if (!schema?.openAPIV3Schema) continue;
    someSchema(asWritten(schema.openAPIV3Schema), ({ format = '', type = '' }) => {
      if (format !== '' && knownFormat({ format, type }) === '') found.push(format);
      return false;
    });
  }
  return found;
}

/** https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/ */
export const customResourceDefinition = define<CustomResourceDefinition>({
  allowUnconditionalUpdate: false,
  setDefaults: ({ spec }) => {
    const { names } = spec;
    if (names.kind) {
      if (!names.singular) names.singular = names.kind.toLowerCase();
      if (!names.listKind) names.listKind = `${names.kind}List`;
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
  validateCreate: validateCustomResourceDefinition,
  prepareForUpdate: (definition, old) => {
    updateSpec<CustomResourceDefinition>(definition, old);
    definition.status = { ...definition.status };
    markStored(definition);
  },
  validateUpdate: validateCustomResourceDefinitionUpdate,
  warnings: (definition, old) => {
    const before = new Set(old ? unknownFormats(old) : []);
    return unknownFormats(definition)
      .filter((format) => !before.has(format))
      .map((format) => `unrecognized format ${quote(format)}`);
  },
  subresources: {
    status: {
      // Metadata is the status writers' too: who has emptied the resource takes the finalizer away.
      prepareForUpdate: updateStatus<CustomResourceDefinition>,
      validateUpdate: validateCustomResourceDefinitionStatus,
    },
  },
  tableCells: createdAtCells,
});
