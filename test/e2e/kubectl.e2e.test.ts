import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImageName } from './busybox-image.ts';
import { kubectlProgram, whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of kubectl's commands are skipped: ${reason}`);

const labels = { app: 'web' };
const web = (more: { readonly image?: string; readonly value?: string } = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', labels },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'c',
            image: more.image ?? busyboxImageName,
            command: ['sh', '-c', 'echo started $A; mkdir /w; echo hi > /w/index.html; exec httpd -f -p 8080 -h /w'],
            env: [{ name: 'A', value: more.value ?? '1' }],
            ports: [{ name: 'http', containerPort: 8080 }],
          },
        ],
      },
    },
  },
});
const configMap = (name: string, data: Readonly<Record<string, string>>, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...more },
  data,
});

describe.skipIf(reason !== undefined)('kubectl', () => {
  let cluster: SkiffCluster;
  /** A command as one would type it; no argument has a space, except those given apart. */
  const kubectl = (line: string, input?: unknown, ...more: string[]) =>
    cluster.kubectl([...line.split(' '), ...more], input === undefined ? undefined : JSON.stringify(input));
  const refused = async (line: string, input?: unknown, ...more: string[]) => {
    const args = [...line.split(' '), ...more];
    const result = await cluster.tryKubectl(args, input === undefined ? undefined : JSON.stringify(input));
    expect(result.code, line).not.toBe(0);
    return result.stderr;
  };
  const file = (name: string, content: unknown) => {
    const path = join(cluster.home, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o700 });
    return path;
  };
  const managers = async (what: string) =>
    (await kubectl(`get ${what} --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}`)).split(' ');

  beforeAll(async () => {
    cluster = await SkiffCluster.create('kubectl');
    await cluster.up();
  });

  afterAll(async () => {
    await cluster?.remove();
  });

  it('apply: made, unchanged, configured; what it left out is taken away', async () => {
    expect(await kubectl('apply -f -', web())).toBe('deployment.apps/web created\n');
    expect(await kubectl('apply -f -', web())).toBe('deployment.apps/web unchanged\n');
    await kubectl('rollout status deployment/web --timeout=60s');
    expect(await kubectl('apply -f -', configMap('a', { x: '1', y: '2' }))).toBe('configmap/a created\n');
    expect(await kubectl('apply -f -', configMap('a', { x: '1' }))).toBe('configmap/a configured\n');
    expect(await kubectl('get cm a -o jsonpath={.data}')).toBe('{"x":"1"}');
  });

  it('apply --server-side: takes over from client-side apply, and quarrels with others', async () => {
    expect(await kubectl('apply --server-side -f -', configMap('a', { x: '1' }))).toBe(
      'configmap/a serverside-applied\n',
    );
    expect(await managers('cm/a')).toEqual(['kubectl', 'kubectl-last-applied']);
    const other = 'apply --server-side --field-manager=other -f -';
    expect(await refused(other, configMap('a', { x: '2' }))).toContain(
      'Apply failed with 1 conflict: conflict with "kubectl": .data.x',
    );
    await kubectl(`${other} --force-conflicts`, configMap('a', { x: '2' }));
    expect((await managers('cm/a')).sort()).toEqual(['kubectl-last-applied', 'other']);
    await kubectl(other, configMap('a', {}));
    expect(await kubectl('get cm a -o jsonpath={.data}')).toBe('');
  });

  it('apply --prune, diff and kustomize', async () => {
    const set = ['one', 'two'].map((name) => configMap(name, {}, { labels: { set: 'p' } }));
    const prune = 'apply --prune -l set=p --prune-allowlist=core/v1/ConfigMap -f -';
    await kubectl(prune, { apiVersion: 'v1', kind: 'List', items: set });
    expect(await kubectl(prune, set[0])).toContain('configmap/two pruned\n');
    const changed = await cluster.tryKubectl(['diff', '-f', '-'], JSON.stringify(configMap('one', { new: 'value' })));
    expect(changed).toMatchObject({ code: 1 });
    expect(changed.stdout).toMatch(/^\+ {2}new: value$/m);
    file('kust/cm.yaml', configMap('k', { a: 'b' }));
    file('kust/kustomization.yaml', 'resources: [cm.yaml]\nnamePrefix: pre-\n');
    expect(await kubectl(`apply -k ${join(cluster.home, 'kust')}`)).toBe('configmap/pre-k created\n');
    expect(await kubectl(`delete -k ${join(cluster.home, 'kust')}`)).toContain('configmap "pre-k" deleted');
  });

  it('edit, patch, replace, label and annotate', async () => {
    const editor = file(
      'editor.sh',
      '#!/bin/sh\nsed -i "s/^  name: one/  name: one\\n  annotations: {edited: here}/" "$1"\n',
    );
    const edited = await cluster.namespace.run(kubectlProgram, ['edit', 'cm', 'one'], {
      env: { ...cluster.env, KUBE_EDITOR: editor },
    });
    expect(edited).toMatchObject({ code: 0, stdout: 'configmap/one edited\n' });
    expect(await kubectl('get cm one -o jsonpath={.metadata.annotations.edited}')).toBe('here');
    await kubectl('patch cm one --type=merge -p {"data":{"m":"1"}}');
    await kubectl('patch cm one -p {"data":{"s":"1"}}');
    await kubectl(
      'patch cm one --type=json -p [{"op":"remove","path":"/data/m"},{"op":"add","path":"/data/j","value":"1"}]',
    );
    expect(await kubectl('get cm one -o jsonpath={.data}')).toBe('{"j":"1","s":"1"}');
    expect(await refused('patch cm one --type=json -p [{"op":"test","path":"/data/j","value":"2"}]')).toContain(
      'The request is invalid: the server rejected our request due to an error in our request',
    );
    const uid = () => kubectl('get cm one -o jsonpath={.metadata.uid}');
    const before = await uid();
    await kubectl('replace -f -', configMap('one', { r: '1' }));
    expect(await uid()).toBe(before);
    await kubectl('replace --force -f -', configMap('one', { r: '1' }));
    expect(await uid()).not.toBe(before);
    expect(await kubectl('label cm one a=b')).toBe('configmap/one labeled\n');
    expect(await refused('label cm one a=c')).toContain("'a' already has a value (b), and --overwrite is false");
    expect(await kubectl('label cm one a=c --overwrite')).toBe('configmap/one labeled\n');
    expect(await kubectl('label cm one a-')).toBe('configmap/one unlabeled\n');
    expect(await kubectl('annotate cm one a=b')).toBe('configmap/one annotated\n');
  });

  it('get in every form', async () => {
    expect(await kubectl('get deploy web -o name')).toBe('deployment.apps/web\n');
    expect(await kubectl('get deploy web')).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +1\/1 +1 +1 +\d+s\n$/,
    );
    expect(await kubectl('get deploy web -o wide')).toMatch(
      /CONTAINERS +IMAGES +SELECTOR\n.* c +\S*busybox\S* +app=web\n$/,
    );
    expect(await kubectl('get deploy web -o custom-columns=N:.metadata.name,X:.none')).toMatch(/^N +X\nweb +<none>\n$/);
    expect(JSON.parse(await kubectl('get deploy web -o json'))).toMatchObject({
      kind: 'Deployment',
      spec: { replicas: 1 },
    });
    expect(await kubectl('get deploy web -o yaml')).toMatch(/^apiVersion: apps\/v1\nkind: Deployment\n/);
    expect(await kubectl('get cm --chunk-size=1 -o name')).toContain('configmap/one\n');
    expect(await kubectl('get all -o name')).toMatch(
      /^pod\/web-\S+\nservice\/kubernetes\ndeployment.apps\/web\nreplicaset.apps\/web-\S+\n$/,
    );
    expect(await refused('get nothing')).toBe('error: the server doesn\'t have a resource type "nothing"\n');
    expect(await kubectl('api-resources --api-group=apps -o name')).toContain('deployments.apps\n');
    expect(await kubectl('api-versions')).toContain('apps/v1\n');
    expect(await kubectl('explain pods.spec.containers.image')).toMatch(
      /KIND: +Pod\nVERSION: +v1\n\nFIELD: image <string>\n/,
    );
    expect(await kubectl('__complete get pods', undefined, '')).toMatch(/^web-\S+\n:4\n/);
    expect(await kubectl('cluster-info')).toContain('is running at');
    expect(await kubectl('cluster-info dump')).toContain('"kind": "DeploymentList"');
    expect(await refused('top pods')).toBe('error: Metrics API not available\n');
  });

  it('watches and waits', async () => {
    const watcher = cluster.namespace.spawn(
      kubectlProgram,
      ['get', 'cm', 'w', '--watch', '-o', 'name', '--ignore-not-found'],
      cluster.env,
    );
    try {
      await kubectl('create cm w');
      for await (const chunk of watcher.stdout ?? []) {
        expect(String(chunk)).toContain('configmap/w');
        break;
      }
    } finally {
      watcher.kill();
    }
    await kubectl('wait --for=condition=Available deploy/web --timeout=60s');
    await kubectl('wait --for=jsonpath={.status.readyReplicas}=1 deploy/web --timeout=60s');
    await kubectl('delete cm w --wait=false');
    await kubectl('wait --for=delete cm/w --timeout=60s');
    expect(await refused('wait --for=condition=Nothing deploy/web --timeout=1s')).toContain(
      'timed out waiting for the condition',
    );
  });

  it('rollouts, sizes and settings', async () => {
    await kubectl('set env deploy/web A=2');
    await kubectl('rollout status deploy/web --timeout=60s');
    expect(await kubectl('rollout history deploy/web')).toMatch(/1 +<none>\n2 +<none>\n/);
    await kubectl('rollout undo deploy/web');
    await kubectl('rollout status deploy/web --timeout=60s');
    expect(await kubectl('set env deploy/web --list')).toContain('A=1\n');
    expect(await kubectl('rollout pause deploy/web')).toBe('deployment.apps/web paused\n');
    expect(await refused('rollout pause deploy/web')).toContain('is already paused');
    expect(await kubectl('rollout resume deploy/web')).toBe('deployment.apps/web resumed\n');
    await kubectl('rollout restart deploy/web');
    await kubectl('set resources deploy/web --limits=memory=64Mi');
    await kubectl('rollout status deploy/web --timeout=60s');
    expect(await kubectl('set image deploy/web c=none --dry-run=server -o jsonpath={..image}')).toBe('none');
    expect(await refused('scale deploy/web --replicas=2 --current-replicas=7')).toContain(
      'Expected replicas to be 7, was 1',
    );
    await kubectl('scale deploy/web --replicas=2');
    await kubectl('rollout status deploy/web --timeout=60s');
    // The flag has another name since v1.34.
    const cpu = (await kubectl('autoscale --help')).includes('--cpu=') ? '--cpu=80%' : '--cpu-percent=80';
    expect(await kubectl(`autoscale deploy/web --min=2 --max=3 ${cpu}`)).toContain('autoscaled');
    expect(await kubectl('expose deploy/web --port=80 --target-port=http')).toBe('service/web exposed\n');
    await eventually(async () =>
      expect(await kubectl('get endpointslices -l kubernetes.io/service-name=web')).toMatch(
        /10\.244\.\d+\.\d+,10\.244/,
      ),
    );
    await kubectl('delete hpa web');
  });

  it('streams: exec, attach, logs, cp, run and port-forward', async () => {
    expect(await kubectl('exec deploy/web -- cat /w/index.html')).toBe('hi\n');
    expect(await kubectl('logs deploy/web --all-containers')).toContain('started 1\n');
    const pod = (await kubectl('get pods -l app=web -o jsonpath={.items[0].metadata.name}')).trim();
    await kubectl(`cp ${file('there', 'and back')} ${pod}:/tmp/there`);
    expect(await kubectl(`exec ${pod} -- cat /tmp/there`)).toBe('and back');
    const run = `run once --rm -i --quiet --restart=Never --image=${busyboxImageName} -- cat`;
    expect(await cluster.kubectl(run.split(' '), 'through and through\n')).toContain('through and through\n');
    const proxy = cluster.namespace.spawn(kubectlProgram, ['proxy', '--port=18001'], cluster.env);
    try {
      await eventually(async () => {
        const path = `/api/v1/namespaces/default/pods/${pod}:8080/proxy/index.html`;
        expect(await cluster.fetch(`http://127.0.0.1:18001${path}`)).toBe('hi\n');
      });
    } finally {
      proxy.kill();
    }
  });

  it('debug: a container more in a pod', async () => {
    const pod = (await kubectl('get pods -l app=web -o jsonpath={.items[0].metadata.name}')).trim();
    await kubectl(
      `debug ${pod} --image=${busyboxImageName} -c dbg --attach=false -- sh -c`,
      undefined,
      'echo looked around; sleep 100',
    );
    await eventually(async () => expect(await kubectl(`logs ${pod} -c dbg`)).toBe('looked around\n'));
  });

  it('who may what', async () => {
    expect(await kubectl('auth whoami -o jsonpath={.status.userInfo.groups}')).toContain('system:masters');
    expect(await kubectl('auth can-i delete nodes')).toBe('yes\n');
    await kubectl('create role reader --verb=get,list --resource=pods,deployments.apps');
    await kubectl('create rolebinding reads --role=reader --user=jane');
    expect(await kubectl('auth can-i list pods --as=jane')).toBe('yes\n');
    const no = await cluster.tryKubectl('auth can-i delete pods --as=jane'.split(' '));
    expect(no).toMatchObject({ code: 1, stdout: 'no\n' });
    expect(await kubectl('auth can-i --list --as=jane')).toMatch(/deployments\.apps +\[\] +\[\] +\[get list\]/);
    expect(await kubectl('create token default')).toMatch(/^eyJ[\w.-]+\n?$/);
  });

  it('create of what has a form of its own', async () => {
    const cron = `create cronjob tick --image=${busyboxImageName} --schedule=0_0_1_1_*`
      .split(' ')
      .map((arg) => arg.replaceAll('_', ' '));
    await cluster.kubectl([...cron, '--', 'true']);
    await kubectl('create job now --from=cronjob/tick');
    await kubectl('wait --for=condition=Complete job/now --timeout=60s');
    await kubectl('create quota small --hard=secrets=1');
    await eventually(async () => expect(await kubectl('get quota small -o jsonpath={.status.used.secrets}')).toBe('0'));
    await kubectl('create secret generic first --from-literal=a=b');
    expect(await refused('create secret generic second --from-literal=a=b')).toContain('exceeded quota: small');
    await kubectl('delete quota small');
    for (const line of [
      'create ingress i --rule=a.b/x*=web:80',
      'create pdb p --selector=app=web --max-unavailable=1',
      'create priorityclass high --value=5',
      'create sa robot',
      'create clusterrole paths --verb=get --non-resource-url=/x',
      'create service nodeport np --tcp=80:8080',
    ]) {
      expect(await kubectl(line)).toMatch(/ created\n$/);
    }
  });

  it('nodes: cordon, taint, drain', async () => {
    expect(await kubectl('cordon node-a')).toBe('node/node-a cordoned\n');
    expect(await kubectl('get node node-a')).toContain('Ready,SchedulingDisabled');
    await kubectl('taint node node-a k=v:PreferNoSchedule');
    await kubectl('taint node node-a k-');
    await kubectl('delete pdb p');
    expect(await kubectl('drain node-a --ignore-daemonsets --delete-emptydir-data --force --timeout=60s')).toContain(
      'node/node-a drained\n',
    );
    expect(await kubectl('get pods -l app=web -o jsonpath={.items[*].status.phase}')).toBe('Pending Pending');
    expect(await kubectl('uncordon node-a')).toBe('node/node-a uncordoned\n');
    await kubectl('rollout status deploy/web --timeout=60s');
    expect(await kubectl('events --for deployment/web')).toContain('ScalingReplicaSet');
  });

  it('delete, with what hangs on it or without', async () => {
    await kubectl('delete deploy web --cascade=orphan');
    expect(await kubectl('get rs -l app=web -o name')).toMatch(/^replicaset/);
    await kubectl('delete rs -l app=web --cascade=foreground --timeout=60s');
    expect(await kubectl('get pods -l app=web -o name')).toBe('');
    expect(await kubectl('delete cm nothing --ignore-not-found')).toBe('');
    expect(await refused('delete cm nothing')).toBe('Error from server (NotFound): configmaps "nothing" not found\n');
  });
});
