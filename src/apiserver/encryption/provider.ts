/** A value as it was before it was encrypted. */
export interface Opened {
  readonly value: Buffer;
  /** It would be written otherwise today: with another key, by another provider, or encrypted at all. */
  readonly stale: boolean;
}

/**
 * A way to write values so that who has the disk cannot read them. `key` is where the value lies in the store; a value
 * that was copied from elsewhere does not open (but for AES-CBC, which authenticates nothing).
 */
export interface Provider {
  /** What its values begin with, taken off before `decrypt`: "k8s:enc:aesgcm:v1:". "" for those that are not encrypted. */
  readonly prefix: string;
  /** Throws where it cannot encrypt at present. */
  encrypt(value: Buffer, key: string): Buffer;
  /** Throws, or rejects, for what is none of its values. In the same turn wherever nobody else must be asked. */
  decrypt(data: Buffer, key: string): Opened | Promise<Opened>;
}

/** What encrypted values begin with, whoever wrote them. */
export const ENCRYPTED = 'k8s:enc:';

export function hasPrefix(data: Buffer, prefix: string): boolean {
  return data.length >= prefix.length && data.toString('latin1', 0, prefix.length) === prefix;
}

/** No encryption: values as they are. It does not take encrypted ones for such. */
export const identity: Provider = {
  prefix: '',
  encrypt: (value) => value,
  decrypt: (value) => {
    if (hasPrefix(value, ENCRYPTED)) throw new Error('identity transformer tried to read encrypted data');
    return { value, stale: false };
  },
};

/**
 * Providers, or keys of one, in order: the first encrypts, any may decrypt, and what another than the first has written
 * is stale. `nobody` is the error for values that none of them knows.
 */
export function inOrder(prefix: string, providers: readonly Provider[], nobody: string): Provider {
  const [first] = providers;
  if (!first) throw new Error('there is no provider');
  const open = (data: Buffer, key: string, from: number, errors: readonly string[]): Opened | Promise<Opened> => {
    let problems = errors;
    for (let i = from; i < providers.length; i++) {
      const provider = providers[i];
      if (!provider || !hasPrefix(data, provider.prefix)) continue;
      // What is not encrypted is not worth a word where another provider may know the value.
      const failed = (error: unknown): readonly string[] =>
        provider.prefix === '' ? problems : [...problems, error instanceof Error ? error.message : String(error)];
      const found = (opened: Opened): Opened => (i === 0 ? opened : { value: opened.value, stale: true });
      try {
        const opened = provider.decrypt(data.subarray(provider.prefix.length), key);
        if (!(opened instanceof Promise)) return found(opened);
        return opened.then(found, (error: unknown) => open(data, key, i + 1, failed(error)));
      } catch (error) {
        problems = failed(error);
      }
    }
    throw new Error(problems.length === 0 ? nobody : problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`);
  };
  return {
    prefix,
    encrypt: (value, key) => {
      const data = first.encrypt(value, key);
      return first.prefix === '' ? data : Buffer.concat([Buffer.from(first.prefix), data]);
    },
    decrypt: (data, key) => open(data, key, 0, []),
  };
}
