import { resolveModel } from '../schema/resolve.ts';
import { groupVersions } from './groups.ts';

/** The built-in kinds. Cheap at start-up: a type is resolved when it is first asked for. */
export const model = resolveModel(groupVersions);
