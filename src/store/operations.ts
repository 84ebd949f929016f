import type { Operation } from './store.ts';

/** A revision holds at most so many operations; etcd's own bound (--max-txn-ops) is 128. */
export const MAX_OPERATIONS = 4096;
/** In bytes of UTF-8. Kubernetes' longest keys (group, resource, namespace, name) stay below 1,000. */
const MAX_KEY_BYTES = 1500;

/** Refuses what no caller may ask for. These are programming errors, not conditions that failed. */
export function checkOperations(operations: readonly Operation[]): void {
  if (operations.length > MAX_OPERATIONS) {
    throw new RangeError(`a transaction has at most ${MAX_OPERATIONS} operations, this one has ${operations.length}`);
  }
  for (const operation of operations) checkKey(operation.key);
  if (operations.length > 1 && new Set(operations.map((o) => o.key)).size !== operations.length) {
    throw new RangeError('the same key occurs twice in a transaction');
  }
}

/** No key of the store is that long. */
export const tooLong = (key: string): boolean =>
  key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES;

function checkKey(key: string): void {
  if (key === '') throw new RangeError('a key may not be empty');
  if (tooLong(key)) {
    throw new RangeError(`a key has at most ${MAX_KEY_BYTES} bytes: ${key.slice(0, 80)}...`);
  }
}
