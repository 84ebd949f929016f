import { CommandError, type Run, run } from './run.ts';
import type { TableListing } from './table.ts';

/** The kernel's packet filter, as far as the proxy needs it. */
export interface Nft {
  /** Applies a script as one transaction: all of it or nothing. */
  apply(script: string): Promise<void>;
  /** What a table ("ip skiff") holds; undefined when there is no such table. */
  list(table: string): Promise<TableListing | undefined>;
  /** Whether a chain is there and has rules. */
  hasRules(table: string, chain: string): Promise<boolean>;
}

/** nftables through the `nft` program (1.0.1 or newer). */
export function createNft(execute: Run = run): Nft {
  const absent = (error: unknown) =>
    error instanceof CommandError && error.message.includes('No such file or directory');
  return {
    apply: async (script) => {
      await execute('nft', ['-f', '-'], script);
    },
    list: async (table) => {
      try {
        return parseListing(await execute('nft', ['--terse', 'list', 'table', ...table.split(' ')]));
      } catch (error) {
        if (absent(error)) return undefined;
        throw error;
      }
    },
    hasRules: async (table, chain) => {
      try {
        return (await execute('nft', ['list', 'chain', ...table.split(' '), chain])).split('\n').length > 4;
      } catch (error) {
        if (absent(error)) return false;
        throw error;
      }
    },
  };
}

/** Reads names from what `nft list table` prints. */
function parseListing(text: string): TableListing {
  const chains: string[] = [];
  const sets: { kind: 'set' | 'map'; name: string }[] = [];
  for (const [, kind, name] of text.matchAll(/^\t(chain|set|map) (\S+) \{$/gm)) {
    if (name === undefined) continue;
    if (kind === 'chain') chains.push(name);
    else if (kind === 'set' || kind === 'map') sets.push({ kind, name });
  }
  return { chains, sets };
}
