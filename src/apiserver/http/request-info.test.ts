import { describe, expect, test } from 'vitest';
import { booleanParameter, parseRequestInfo, type RequestInfo } from './request-info.ts';

function parse(method: string, url: string): ReturnType<typeof parseRequestInfo> {
  const [path = '', query] = url.split('?');
  return parseRequestInfo(method, path, query === undefined ? undefined : new URLSearchParams(query));
}

describe('resource paths', () => {
  const pods = { isResource: true, group: '', version: 'v1', resource: 'pods', namespace: 'ns' };
  test.each<[string, string, Partial<RequestInfo>]>([
    ['GET', '/api/v1/namespaces', { verb: 'list', resource: 'namespaces', namespace: '', name: '' }],
    ['GET', '/api/v1/namespaces/ns', { verb: 'get', resource: 'namespaces', namespace: 'ns', name: 'ns' }],
    [
      'PUT',
      '/api/v1/namespaces/ns/finalize',
      { verb: 'update', resource: 'namespaces', name: 'ns', subresource: 'finalize' },
    ],
    ['GET', '/api/v1/namespaces/ns/status', { verb: 'get', resource: 'namespaces', name: 'ns', subresource: 'status' }],
    ['GET', '/api/v1/namespaces/ns/pods', { ...pods, verb: 'list', name: '' }],
    ['GET', '/api/v1/namespaces/ns/pods/x', { ...pods, verb: 'get', name: 'x', named: true }],
    ['HEAD', '/api/v1/namespaces/ns/pods/x', { ...pods, verb: 'get', name: 'x' }],
    ['POST', '/api/v1/namespaces/ns/pods', { ...pods, verb: 'create' }],
    ['PATCH', '/api/v1/namespaces/ns/pods/x/status', { ...pods, verb: 'patch', name: 'x', subresource: 'status' }],
    ['DELETE', '/api/v1/namespaces/ns/pods', { ...pods, verb: 'deletecollection' }],
    ['DELETE', '/api/v1/namespaces/ns/pods/x', { ...pods, verb: 'delete' }],
    ['GET', '/api/v1/namespaces/ns/pods?watch=true', { ...pods, verb: 'watch' }],
    [
      'GET',
      '/api/v1/namespaces/ns/pods?watch=1&fieldSelector=metadata.name%3Dx',
      { ...pods, verb: 'watch', name: 'x', named: false },
    ],
    ['GET', '/api/v1/namespaces/ns/pods?watch', { ...pods, verb: 'watch' }],
    ['GET', '/api/v1/namespaces/ns/pods?watch=false', { ...pods, verb: 'list' }],
    ['GET', '/api/v1/namespaces/ns/pods/x?watch=true', { ...pods, verb: 'get', name: 'x' }],
    ['GET', '/api/v1/watch/namespaces/ns/pods', { ...pods, verb: 'watch', watchPath: true, name: '' }],
    ['GET', '/api/v1/watch/namespaces/ns/pods/x', { ...pods, verb: 'watch', watchPath: true, name: 'x' }],
    [
      'GET',
      '/apis/apps/v1/deployments',
      { group: 'apps', version: 'v1', verb: 'list', resource: 'deployments', namespace: '' },
    ],
    [
      'GET',
      '/apis/apps/v1/namespaces/ns/deployments/x/scale',
      { group: 'apps', resource: 'deployments', subresource: 'scale', name: 'x' },
    ],
    ['GET', '/api/v1/namespaces/ns/pods/x/proxy/a//b/', { ...pods, subresource: 'proxy', rest: '/a//b/' }],
    ['GET', '/api/v1//namespaces//ns/pods/x', { ...pods, verb: 'get', name: 'x' }],
    ['GET', '/api/v1/namespaces/ns/pods/x%3Ay', { ...pods, name: 'x:y' }],
    ['TRACE', '/api/v1/namespaces/ns/pods/x', { ...pods, verb: '' }],
  ])('%s %s', (method, url, expected) => {
    expect(parse(method, url)).toMatchObject(expected);
  });
});

test.each([
  '/',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/apps',
  '/apis/apps/v1',
  '/healthz',
  '/version',
  '/openapi/v3/apis/apps/v1',
])('%s is no resource', (path) => {
  expect(parse('GET', path)).toMatchObject({ isResource: false, verb: 'get', path });
});

test('what cannot be understood is told apart, not guessed', () => {
  expect(parse('GET', '/api/v1/namespaces/%zz/pods')).toBe('undecodable');
  expect(parse('GET', '/api/v1/watch')).toBe('nothing named');
});

test('a method that is a name of JavaScript has no verb', () => {
  for (const method of ['constructor', '__proto__', 'toString'])
    expect(parse(method, '/api/v1/namespaces/a/pods/b')).toMatchObject({ verb: '' });
});

test('only a selector that pins the name gives one', () => {
  const name = (selector: string) => {
    const info = parse('GET', `/api/v1/pods?fieldSelector=${encodeURIComponent(selector)}`);
    return typeof info === 'object' ? info.name : info;
  };
  expect(name('metadata.name=x')).toBe('x');
  expect(name('spec.nodeName=n,metadata.name==x')).toBe('x');
  expect(name('metadata.name!=x')).toBe('');
  expect(name('metadata.name=a/b')).toBe('');
});

test('booleans are read as Go reads them', () => {
  const value = (text: string) => booleanParameter(new URLSearchParams(text), 'b');
  expect([value(''), value('b'), value('b=true'), value('b=yes'), value('b=0'), value('b=FALSE')]).toEqual([
    undefined,
    true,
    true,
    true,
    false,
    false,
  ]);
});
