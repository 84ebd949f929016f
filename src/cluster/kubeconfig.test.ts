import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildKubeconfig, mergeKubeconfig, removeFromKubeconfig, updateKubeconfigFile } from './kubeconfig.ts';

const entry = {
  name: 'skiff',
  server: 'https://127.0.0.1:6443',
  certificateAuthority: 'CA',
  credentials: { certificate: { cert: 'CERT', key: 'KEY' } },
};
const theirs = `# mine
apiVersion: v1
kind: Config
current-context: work
clusters:
- name: work # keep
  cluster: {server: "https://work:6443"}
contexts:
- name: work
  context: {cluster: work, user: me}
users:
- name: me
  user: {token: secret}
`;
const read = (text: string) => {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
};
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-kubeconfig-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('the official client reads what is built', () => {
  const config = read(buildKubeconfig(entry));
  expect(config.getCurrentContext()).toBe('skiff');
  expect(config.getCurrentCluster()).toMatchObject({ server: entry.server, caData: 'Q0E=' });
  expect(config.getCurrentUser()).toMatchObject({ certData: 'Q0VSVA==', keyData: 'S0VZ' });
  expect(read(buildKubeconfig({ ...entry, credentials: { token: 't' } })).getCurrentUser()?.token).toBe('t');
});

test('merging leaves the others alone, twice is once, and removing undoes it', () => {
  const merged = mergeKubeconfig(theirs, entry);
  const config = read(merged);
  expect(config.getContexts().map((c) => c.name)).toEqual(['work', 'skiff']);
  expect(config.getCurrentContext()).toBe('skiff');
  expect(config.getUser('me')?.token).toBe('secret');
  expect(merged).toContain('# mine');
  expect(merged).toContain('work # keep');
  expect(mergeKubeconfig(merged, entry)).toBe(merged);
  expect(mergeKubeconfig('', entry)).toBe(buildKubeconfig(entry));
  const removed = read(removeFromKubeconfig(merged, 'skiff'));
  expect(removed.getContexts().map((c) => c.name)).toEqual(['work']);
  expect(removed.getUsers().map((u) => u.name)).toEqual(['me']);
  expect(removed.getCurrentContext()).toBe('');
  expect(read(removeFromKubeconfig(merged, 'work')).getCurrentContext()).toBe('skiff');
});

test.each(['- a list', 'kind: Pod', 'clusters: x', 'a: [', 'text'])('what is no kubeconfig is refused: %s', (text) => {
  expect(() => mergeKubeconfig(text, entry)).toThrow('not a kubeconfig');
});

test('empty sections are filled', () => {
  const config = read(mergeKubeconfig('apiVersion: v1\nkind: Config\nclusters: null\nusers: []\n', entry));
  expect(config.getCurrentCluster()?.server).toBe(entry.server);
});

test('files are replaced whole, through links, for their owner only', () => {
  const path = join(dir, 'sub', 'config');
  updateKubeconfigFile(path, (text) => mergeKubeconfig(text, entry));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const link = join(dir, 'link');
  symlinkSync(path, link);
  updateKubeconfigFile(link, (text) => removeFromKubeconfig(text, 'skiff'));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(read(readFileSync(path, 'utf8')).getContexts()).toEqual([]);
  writeFileSync(path, 'kind: Pod');
  expect(() => updateKubeconfigFile(path, (text) => mergeKubeconfig(text, entry))).toThrow(`${path}: not a kubeconfig`);
  expect(readFileSync(path, 'utf8')).toBe('kind: Pod');
});
