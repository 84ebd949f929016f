import { expect, test } from 'vitest';
import { validateSecret } from './config.ts';

// v1.36 takes null for the bytes of a key; what is made of JSON must not be empty.
test.each([
  ['Opaque', 'a', []],
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson', ['data[.dockerconfigjson]']],
])('a secret of type %s whose %s is null', (type, key, fields) => {
  const secret = JSON.parse(JSON.stringify({ metadata: { name: 's' }, type, data: { [key]: null } }));
  expect(validateSecret(secret).map(({ field }) => field)).toEqual(fields);
});
