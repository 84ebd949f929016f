import type { CatalogEntry } from './resource-catalog.ts';

/** Resources that are not this server's but those of extension API servers behind it (APIService). */
export interface ExtensionResources {
  /** Each in the version that its group prefers. */
  resources(): readonly Omit<CatalogEntry, 'custom'>[];
  /** Group-versions of which nobody can say now what they have: "wardle.example.com/v1alpha1". */
  unknown(): readonly string[];
  /**
   * Asks the extension server for a path below its group-version, as a service account of kube-system. Answers with
   * the JSON; rejects with an ApiError for what the server refuses, and with an Error where it cannot be asked.
   */
  ask(serviceAccount: string, method: 'GET' | 'DELETE', path: string): Promise<unknown>;
}
