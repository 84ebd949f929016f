import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../api/apiextensions/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { quote } from '../../schema/quote.ts';
import type { Condition } from './conditions.ts';

export interface Naming {
  readonly names: CustomResourceDefinitionNames;
  readonly condition: Condition;
}

/**
 * Which of the names that a definition asks for it gets: those that no other definition of its group has, and what it
 * had before in place of the others. `others` are the names that all definitions of the group have been given.
 */
export function acceptNames(
  definition: CustomResourceDefinition,
  others: Iterable<CustomResourceDefinitionNames>,
): Naming {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const names of others) {
    for (const name of [names.plural, names.singular ?? '', ...(names.shortNames ?? [])]) resources.add(name);
    kinds.add(names.kind).add(names.listKind ?? '');
  }
  const asked = definition.spec.names;
  const had = definition.status.acceptedNames;
  let conflict: Condition | undefined;
  const complain = (reason: string, taken: readonly string[]): void => {
    const messages = taken.map((name) => `${quote(name)} is already in use`);
    const message = messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`;
    conflict = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  const choose = (wanted = '', mine = '', taken: ReadonlySet<string>, reason: string): string => {
    if (wanted === mine || !taken.has(wanted)) return wanted;
    complain(reason, [wanted]);
    return mine;
  };
  const plural = choose(asked.plural, had.plural, resources, 'PluralConflict');
  const singular = choose(asked.singular, had.singular, resources, 'SingularConflict');
  let { shortNames } = had;
  if (!deepEqual(asked.shortNames, had.shortNames)) {
    const taken = (asked.shortNames ?? []).filter((name) => !had.shortNames?.includes(name) && resources.has(name));
    if (taken.length > 0) complain('ShortNamesConflict', [...new Set(taken)]);
    else shortNames = asked.shortNames;
  }
  const kind = choose(asked.kind, had.kind, kinds, 'KindConflict');
  const listKind = choose(asked.listKind, had.listKind, kinds, 'ListKindConflict');
  const { categories } = asked;
  const names = {
    plural,
    ...(singular && { singular }),
    ...(shortNames && { shortNames }),
    kind,
    ...(listKind && { listKind }),
    ...(categories && { categories }),
  };
  const accepted = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
  return { names, condition: conflict ?? accepted };
}
