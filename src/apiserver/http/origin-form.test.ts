import { expect, test } from 'vitest';
import { originForm } from './origin-form.ts';

test('targets in absolute form mean the path in them', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    '/api?x=1': '/api?x=1',
    '*': '*',
    '//x/version': '//x/version',
    'https://host/api/v1?x=/': '/api/v1?x=/',
    'https://u:p@host:1/version': '/version',
    'ftp://h/version': '/version',
    'HTTPS://h/version': '/version',
    'a+b-.c://h/version': '/version',
    'https:/version': '/version',
    'https:///version': '/version',
    'https://[::1]:443/version': '/version',
    'https://host': '',
    'https://host?pretty=1': '?pretty=1',
    'mailto:x': '',
    foo: undefined,
    '1a://h/version': undefined,
    'https://[::1/version': undefined,
    'https://ho st/version': undefined,
  };
  for (const [target, path] of Object.entries(cases)) expect(originForm(target), target).toBe(path);
});
