import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImageName } from './busybox-image.ts';
import { whyNoContainers, whyNoKubectl } from './requirements.ts';
import { SkiffCluster } from './skiff-cluster.ts';

const helmProgram = process.env.HELM ?? 'helm';
const whyNoHelm = () =>
  spawnSync(helmProgram, ['version']).status === 0 ? undefined : 'no helm (variable HELM or PATH)';
const reason = whyNoContainers() ?? whyNoKubectl() ?? whyNoHelm();
if (reason) console.log(`end-to-end tests of Helm are skipped: ${reason}`);

const hook = (name: string, when: string, weight: number, script: string) => `
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-${name}
  annotations:
    helm.sh/hook: ${when}
    helm.sh/hook-weight: "${weight}"
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  restartPolicy: Never
  containers: [{name: c, image: "${busyboxImageName}", command: [sh, -c, "${script}"]}]
`;
const chart: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: "1"\n',
  'values.yaml': 'replicas: 1\nprogram: httpd\n',
  'crds/things.yaml': `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.helm.example.com}
spec:
  group: helm.example.com
  names: {plural: things, kind: Thing}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {size: {type: integer}}}}}]
`,
  'templates/thing.yaml':
    'apiVersion: helm.example.com/v1\nkind: Thing\nmetadata: {name: "{{ .Release.Name }}"}\nsize: {{ .Values.replicas }}\n',
  'templates/web.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: c, image: "${busyboxImageName}", command: ["{{ .Values.program }}", "-f", "-p", "8080"]}
`,
  'templates/hooks.yaml': ['before', 'later']
    .map((name, i) => hook(name, 'pre-install', i, `echo ${name}`))
    .concat(hook('after', 'post-upgrade', 0, 'true'), hook('check', 'test', 0, 'echo fine'))
    .join('---'),
};

describe.skipIf(reason !== undefined)('helm', () => {
  let cluster: SkiffCluster;
  let directory: string;
  const tryHelm = (line: string) => cluster.namespace.run(helmProgram, line.split(' '), { env: cluster.env });
  const helm = async (line: string) => {
    const result = await tryHelm(line);
    if (result.code !== 0) throw new Error(`helm ${line}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const replicas = () => cluster.kubectl(['get', 'deploy', 'r', '-o', 'jsonpath={.status.readyReplicas}']);

  beforeAll(async () => {
    cluster = await SkiffCluster.create('helm');
    directory = join(cluster.home, 'chart');
    for (const [name, text] of Object.entries(chart)) {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    await cluster.up();
  });

  afterAll(async () => {
    await cluster?.remove();
  });

  it('install: definitions first, hooks by weight, then the rest', async () => {
    expect(await helm(`install r ${directory} --wait --timeout 90s`)).toContain('STATUS: deployed');
    expect(await replicas()).toBe('1');
    expect(await cluster.kubectl(['get', 'things', '-o', 'jsonpath={.items[*].size}'])).toBe('1');
    expect(
      await cluster.kubectl(['get', 'pods', 'r-before', 'r-later', '-o', 'jsonpath={.items[*].status.phase}']),
    ).toBe('Succeeded Succeeded');
  });

  it('upgrade, history and rollback', async () => {
    await helm(`upgrade r ${directory} --set replicas=2 --wait --timeout 90s`);
    expect(await replicas()).toBe('2');
    expect(await cluster.kubectl(['get', 'pod', 'r-after', '-o', 'jsonpath={.status.phase}'])).toBe('Succeeded');
    await helm('rollback r 1 --wait --timeout 90s');
    expect(await cluster.kubectl(['get', 'things', 'r', '-o', 'jsonpath={.size}'])).toBe('1');
    const history = JSON.parse(await helm('history r -o json')) as { readonly status: string }[];
    expect(history.map(({ status }) => status)).toEqual(['superseded', 'superseded', 'deployed']);
    expect(await helm('list -o json')).toContain('"name":"r"');
  });

  it('an upgrade that does not come up is rolled back', async () => {
    const failed = await tryHelm(`upgrade r ${directory} --set program=none --rollback-on-failure --timeout 10s`);
    expect(failed.code).toBe(1);
    expect(await cluster.kubectl(['get', 'deploy', 'r', '-o', 'jsonpath={..command[0]}'])).toBe('httpd');
  });

  it('test, templates that need the server, and what the server refuses', async () => {
    expect(await helm('test r --logs')).toMatch(/Phase: +Succeeded[\s\S]*fine/);
    expect(await helm(`template s ${directory} --dry-run=server`)).toContain('kind: Deployment');
    const wrong = await tryHelm(`install s ${directory} --no-hooks --set replicas=many`);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('replicas');
  });

  it('uninstall: everything but the definitions', async () => {
    await helm('uninstall r --wait --timeout 60s');
    expect(await cluster.kubectl(['get', 'deploy,things', '-o', 'name'])).toBe('');
    expect(await cluster.kubectl(['get', 'crd', '-o', 'name'])).toContain('things.helm.example.com');
  });
});
