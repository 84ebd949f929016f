import { type Document, isAlias, visit } from 'yaml';

/** The name of an anchor whose value has an alias to itself somewhere: no JSON says that. */
export function anchorInItself(document: Document.Parsed): string | undefined {
  let found: string | undefined;
  visit(document, {
    Alias: (_, alias, ancestors) => {
      if (!ancestors.some((node) => 'anchor' in node && node.anchor === alias.source && !isAlias(node)))
        return undefined;
      // The name may have been given again since; only the last one before the alias is meant.
      if (!ancestors.some((node) => node === alias.resolve(document))) return undefined;
      found = alias.source;
      return visit.BREAK;
    },
  });
  return found;
}
