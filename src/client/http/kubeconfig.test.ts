import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKubeconfig, parseKubeconfig } from './kubeconfig.ts';

const text = `
apiVersion: v1
kind: Config
current-context: a
clusters:
- name: one
  cluster: {server: "https://127.0.0.1:6443/", certificate-authority-data: ${Buffer.from('CA').toString('base64')}}
- name: two
  cluster: {server: "http://127.0.0.1:8080", certificate-authority: ca.pem}
users:
- name: token
  user: {token: abc}
- name: cert
  user: {client-certificate-data: ${Buffer.from('CERT').toString('base64')}, client-key-data: ${Buffer.from('KEY').toString('base64')}}
- name: exec
  user: {exec: {command: x}}
contexts:
- name: a
  context: {cluster: one, user: cert}
- name: b
  context: {cluster: two, user: token, namespace: apps}
- name: c
  context: {cluster: one, user: exec}
`;

test('the current context, with data inside', () => {
  expect(parseKubeconfig(text, { directory: '/' })).toEqual({
    server: 'https://127.0.0.1:6443',
    namespace: 'default',
    ca: 'CA',
    cert: 'CERT',
    key: 'KEY',
  });
});

test('another context, with files beside', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  try {
    writeFileSync(join(directory, 'config'), text);
    writeFileSync(join(directory, 'ca.pem'), 'FILE');
    expect(loadKubeconfig(join(directory, 'config'), 'b')).toMatchObject({
      ca: 'FILE',
      token: 'abc',
      namespace: 'apps',
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('what is missing or not supported is named', () => {
  expect(() => parseKubeconfig(text, { directory: '/', context: 'x' })).toThrow('there is no context "x"');
  expect(() => parseKubeconfig(text, { directory: '/', context: 'c' })).toThrow('"exec", which is not supported');
});
