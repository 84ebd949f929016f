import type { ServedResource, Target } from '../core.ts';
import { ageColumn, columnsOf } from './columns.ts';

const columns = columnsOf([
  { name: 'Desired', type: 'integer', description: 'Number of desired replicas', jsonPath: '.spec.replicas' },
  { name: 'Available', type: 'integer', description: 'Number of actual replicas', jsonPath: '.status.replicas' },
  ageColumn,
]);

/** What the rows of a table are of: a Scale of a custom resource is shown as what it is, not as what it scales. */
export function tabled({ resource, subresource }: Target): ServedResource {
  if (!resource.custom || subresource !== 'scale') return resource;
  const { group, version, data, schema, prefix } = resource;
  const strategy = { tableCells: columns.cells };
  return { group, version, data: { ...data, columns: columns.definitions }, schema, prefix, strategy };
}
