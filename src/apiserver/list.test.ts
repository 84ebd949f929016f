import { describe, expect, test } from 'vitest';
import { configmaps, serviceaccounts } from '../api/core/v1.gen.ts';
import { ApiError } from '../api/errors.ts';
import { coreFixture } from '../testing/core-fixture.ts';
import { encodeContinue } from './cache/continue-token.ts';

const named = (name: string, labels?: Record<string, string>) => ({ metadata: { name, labels } });
const names = (list: { readonly items: readonly { readonly metadata: { readonly name: string } }[] }): string =>
  list.items.map((item) => item.metadata.name).join(' ');

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe('list', () => {
  test('is ordered by name within namespaces, and says at which revision', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('b', named('x'));
    await maps.create('a', named('z'));
    await maps.create('a', named('y'));
    const all = await maps.list('');
    expect(names(all)).toBe('y z x');
    expect(all.metadata.resourceVersion).toBe('4');
    expect(names(await maps.list('a'))).toBe('y z');
    expect(names(await maps.list('', { fieldSelector: 'metadata.namespace=b' }))).toBe('x');
    expect(names(await maps.list('a', { fieldSelector: 'metadata.name=z' }))).toBe('z');
    expect(names(await maps.list('', { fieldSelector: 'metadata.name!=z' }))).toBe('y x');
  });

  test('pages show one revision, whatever is written meanwhile', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await maps.create('one', named(name));
    const first = await maps.list('one', { limit: 2 });
    expect(names(first)).toBe('a b');
    expect(first.metadata.remainingItemCount).toBe(3);
    await maps.delete('one', 'c');
    await maps.create('one', named('cc'));
    await maps.patch('one', 'd', { type: 'merge', body: { data: { changed: 'yes' } } });
    const second = await maps.list('one', { limit: 2, continue: first.metadata.continue });
    expect(names(second)).toBe('c d');
    expect(second.items[1]?.data).toBeUndefined();
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const third = await maps.list('one', { limit: 2, continue: second.metadata.continue });
    expect(names(third)).toBe('e');
    expect(third.metadata.continue).toBeUndefined();
  });

  test('pages under a selector are full, and say nothing of how many remain', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await maps.create('one', named(name, 'ace'.includes(name) ? { odd: 'yes' } : {}));
    }
    const first = await maps.list('one', { limit: 2, labelSelector: 'odd' });
    expect(names(first)).toBe('a c');
    expect(first.metadata.remainingItemCount).toBeUndefined();
    await maps.create('one', named('z'));
    const second = await maps.list('one', { limit: 2, labelSelector: 'odd', continue: first.metadata.continue });
    expect(names(second)).toBe('e');
    expect(second.metadata.continue).toBeUndefined();
  });

  test('an expired page is told so, with a token that goes on from the newest state', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    for (const name of ['a', 'b', 'c']) await maps.create('one', named(name));
    const first = await maps.list('one', { limit: 1 });
    await maps.create('one', named('d'));
    await f.store.compact(5);
    const error = await refusal(maps.list('one', { limit: 1, continue: first.metadata.continue }));
    expect(error.status).toMatchObject({ code: 410, reason: 'Expired' });
    expect(error.message).toContain('The provided continue parameter is too old to display a consistent list result.');
    const rest = await maps.list('one', { continue: (error.status.metadata as { continue?: string }).continue });
    expect(names(rest)).toBe('b c d');
  });

  test('a page expires though nothing of its collection has changed', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    for (const name of ['a', 'b']) await maps.create('one', named(name));
    const { metadata } = await maps.list('one', { limit: 1 });
    for (const name of ['x', 'y']) await f.client.resource(serviceaccounts).create('one', named(name));
    await f.store.compact(5);
    const error = await refusal(maps.list('one', { limit: 1, continue: metadata.continue }));
    expect(error.reason).toBe('Expired');
  });

  test('exact revisions come from history', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', named('a'));
    await maps.create('one', named('b'));
    await maps.delete('one', 'a');
    const at = (resourceVersion: string) => maps.list('one', { resourceVersion, resourceVersionMatch: 'Exact' });
    expect(names(await at('2'))).toBe('a');
    expect(names(await at('3'))).toBe('a b');
    expect(names(await at('4'))).toBe('b');
    expect(names(await maps.list('one', { resourceVersion: '2', resourceVersionMatch: 'NotOlderThan' }))).toBe('b');
    expect(names(await maps.list('one', { resourceVersion: '2', limit: 5 }))).toBe('a');
    expect(names(await maps.list('one', { resourceVersion: '0', limit: 1 }))).toBe('b');
    await f.store.compact(4);
    expect((await refusal(at('2'))).message).toBe('The resourceVersion for the provided list is too old.');
  });

  test('a revision to come is waited for, three seconds long', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', named('a'));
    const soon = maps.list('one', { resourceVersion: '3' });
    await maps.create('one', named('b'));
    expect(names(await soon)).toBe('a b');
    const never = refusal(maps.get('one', 'a', { resourceVersion: '99' }));
    await f.clock.advance(3000);
    const { status } = await never;
    expect(status).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: 'Timeout: Too large resource version: 99, current: 3',
      details: {
        retryAfterSeconds: 1,
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      },
    });
  });

  test('nonsense is refused in the words of Kubernetes', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const says = async (options: object) => (await refusal(maps.list('one', options))).message;
    expect(await says({ resourceVersion: 'abc' })).toBe(
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    );
    expect(await says({ continue: 'nonsense' })).toBe(
      "invalid continue token: continue key is not valid: invalid character '\\u009e' looking for beginning of value",
    );
    const token = (value: unknown) => ({ continue: Buffer.from(JSON.stringify(value)).toString('base64url') });
    const wrong = 'invalid continue token: continue key is not valid: ';
    expect(await says(token([]))).toBe(
      `${wrong}json: cannot unmarshal array into Go value of type storage.continueToken`,
    );
    expect(await says(token({ v: 'meta.k8s.io/v1', rv: 1.5, start: 'b' }))).toBe(
      `${wrong}json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64`,
    );
    expect(await says({ continue: 'x', resourceVersion: 'abc' })).toContain('continue key is not valid');
    expect(await says({ fieldSelector: 'spec.x=1' })).toBe(
      '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(await says({ resourceVersionMatch: 'Exact' })).toContain('forbidden unless resourceVersion is provided');
    const outside = encodeContinue(
      { revision: 2, start: '/registry/configmaps/one/../../secrets/x' },
      '/registry/configmaps/one/',
    );
    expect(await says({ continue: outside })).toContain('continue key is not valid');
  });
});
