import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterPaths } from '../../src/cluster/paths.ts';
import { machineParts } from './machine-parts.ts';
import { whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of the commands are skipped: ${reason}`);

const bundle = new URL('../../dist/skiff.mjs', import.meta.url).pathname;
const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, bundle];
/** Tests of other users need a checkout that others may read. */
const closedToOthers = () => spawnSync('setpriv', [...nobody, 'version']).status !== 0;

describe.skipIf(reason !== undefined)('skiff up, down, status and reset', () => {
  let cluster: SkiffCluster;
  const up = (...flags: string[]) => cluster.skiff('up', '--node-name', 'node-a', ...flags);

  beforeAll(async () => {
    cluster = await SkiffCluster.create('commands');
  });

  afterAll(async () => {
    await cluster?.remove();
  });

  it('say so where there is no cluster', async () => {
    for (const [command, text, code] of [
      ['status', 'No cluster in', 1],
      ['down', 'nothing to stop', 0],
      ['reset', 'nothing to forget', 0],
    ] as const) {
      const result = await cluster.skiff(command);
      expect(result.stdout).toContain(text);
      expect(result).toMatchObject({ code, stderr: '' });
    }
    const kubeconfig = await cluster.skiff('kubeconfig');
    expect(kubeconfig.code).toBe(1);
    expect(kubeconfig.stderr).toMatch(/^skiff: There is no cluster in .* yet: start one with "skiff up"\.\n$/);
    const load = await cluster.skiff('image', 'load', '/no/such/file');
    expect(load.code).toBe(1);
    expect(load.stderr).toBe('skiff: No node runs on this machine: start one with "skiff up" first.\n');
  });

  it('refuse what makes no sense, and remember nothing of it', async () => {
    for (const [flags, code, message] of [
      [['--secure-port', 'x'], 2, '"x" is not a port (1 to 65535).'],
      [['--secure-port', '70000'], 2, '"70000" is not a port (1 to 65535).'],
      [['--cluster-cidr', 'x'], 1, 'cluster-cidr'],
      [['--cluster-cidr', '10.96.0.0/16'], 1, 'share addresses'],
      [['--node-ip', 'x'], 1, '"x"'],
      [['--node-name', 'Not A Name'], 1, '"Not A Name" cannot be the name of a node'],
    ] as const) {
      const result = await cluster.skiff('up', ...flags);
      expect(result.stderr).toMatch(/^skiff: [^\n]+\n$/);
      expect(result.stderr).toContain(message);
      expect(result.code).toBe(code);
    }
    expect((await cluster.skiff('status')).stdout).toContain('No cluster in');
    const unknown = await cluster.skiff('up', '--no-such-flag');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("unknown option '--no-such-flag'");
  });

  it('name what is missing on the machine', async () => {
    const containerd = spawnSync('sh', ['-c', 'command -v containerd'], { encoding: 'utf8' }).stdout.trim();
    // In a mount namespace of its own, something that is no program lies over it.
    const hidden = ['--mount', 'sh', '-c', `mount --bind /dev/null ${containerd} && exec "$@"`, 'sh'];
    const args = [...hidden, process.execPath, bundle, 'up', '--data-dir', cluster.dataDir];
    const result = await cluster.namespace.run('unshare', args, { env: cluster.env });
    expect(result.stderr).toMatch(
      /^skiff: Missing for running containers: containerd\. On Debian: apt-get install containerd\. [^\n]+\n$/,
    );
    expect(result.code).toBe(1);
  });

  it('need root', async (test) => {
    if (closedToOthers()) test.skip('this checkout is closed to other users');
    const result = await cluster.namespace.run('setpriv', [...nobody, 'up', '--data-dir', cluster.dataDir]);
    expect(result.stderr).toMatch(/^skiff: Running containers needs root: try again with sudo\. [^\n]+\n$/);
    expect(result.code).toBe(1);
  });

  it('say who is to blame when the port is taken', async () => {
    const listen = "require('net').createServer().listen(6443, '0.0.0.0', () => console.log('listening'))";
    const squatter = cluster.namespace.spawn(process.execPath, ['--eval', listen]);
    try {
      await new Promise<void>((resolve, reject) => {
        squatter.stdout?.once('data', () => resolve());
        squatter.once('exit', () => reject(new Error('the port was taken before')));
      });
      const result = await up();
      expect(result.stderr).toBe(
        'skiff: Port 6443 on 0.0.0.0 is taken by another program. Stop it, or choose another port: skiff up --secure-port PORT.\n',
      );
      expect(result.code).toBe(1);
    } finally {
      squatter.kill();
    }
    await eventually(async () => expect((await cluster.skiff('status')).code).toBe(1));
    expect(await cluster.leftovers()).toEqual([]);
  });

  it('wait for one another: of two at the same time one starts the cluster', async () => {
    const results = await Promise.all([up(), up()]);
    for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' });
    const outputs = results.map((result) => result.stdout).sort();
    expect(outputs[0]).toContain('Another skiff command is at work on this cluster; waiting for it.');
    expect(outputs[0]).toContain('The cluster runs already, nothing was changed');
    expect(outputs[1]).toContain('The cluster is ready: https://127.0.0.1:6443');
    const { dataDir } = cluster;
    const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    for (const part of ['server', 'agent']) {
      const running = stdout.split('\n').filter((line) => line.includes(`skiff.mjs ${part} --data-dir ${dataDir}`));
      // The supervisor, whose own command line is longer, and its child.
      expect(running.filter((line) => !line.startsWith('/bin/sh'))).toHaveLength(1);
    }
  });

  it('change nothing the second time', async () => {
    await cluster.kubectl(['config', 'set-context', 'mine', '--cluster=other']);
    await cluster.kubectl(['config', 'use-context', 'mine']);
    const before = { parts: machineParts(cluster), kubeconfig: readFileSync(cluster.env.KUBECONFIG ?? '', 'utf8') };
    const again = await up();
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('The cluster runs already, nothing was changed');
    const after = { parts: machineParts(cluster), kubeconfig: readFileSync(cluster.env.KUBECONFIG ?? '', 'utf8') };
    expect(after).toEqual(before);
    await cluster.kubectl(['config', 'use-context', clusterPaths(cluster.dataDir).instance]);
    expect(await cluster.skiff('status')).toMatchObject({ code: 0, stderr: '' });
  });

  it('refuse to change what cannot be changed', async () => {
    const port = await up('--secure-port', '7443');
    expect(port.code).toBe(1);
    expect(port.stderr).toBe(
      'skiff: The cluster runs with port 6443, not 7443. To change that, stop it first: skiff down.\n',
    );
    for (const [flag, made] of [
      ['--cluster-cidr', 'the pod range 10.244.0.0/16'],
      ['--service-cluster-ip-range', 'the service range 10.96.0.0/16'],
    ] as const) {
      const range = await up(flag, '10.3.0.0/16');
      expect(range.code).toBe(1);
      expect(range.stderr).toMatch(/^skiff: [^\n]+\n$/);
      expect(range.stderr).toContain(`This cluster was made with ${made}`);
      expect(range.stderr).toContain('"skiff reset"');
    }
    expect(await cluster.skiff('status')).toMatchObject({ code: 0, stderr: '' });
  });

  it('leave a damaged kubeconfig as it is, and the cluster unharmed', async () => {
    const file = cluster.env.KUBECONFIG ?? '';
    const good = readFileSync(file, 'utf8');
    for (const damaged of ['{', 'just words', 'kind: Pod\n', '[1, 2]', 'clusters: 7\n']) {
      writeFileSync(file, damaged);
      const result = await up();
      expect(result.stderr).toMatch(
        /^skiff: The cluster runs, but kubectl cannot be told of it: [^\n]+not a kubeconfig[^\n]+export KUBECONFIG=\S+\n$/,
      );
      expect(result.code).toBe(1);
      expect(readFileSync(file, 'utf8')).toBe(damaged);
      expect(await cluster.skiff('status')).toMatchObject({ code: 0, stderr: '' });
    }
    writeFileSync(file, '');
    expect((await up()).code).toBe(0);
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/node-a\n');
    writeFileSync(file, good);
  });

  it('keep what the cluster was made with, and take another port after a stop', async () => {
    expect(await cluster.skiff('down')).toMatchObject({ code: 0, stderr: '' });
    const stopped = await cluster.skiff('status');
    expect(stopped.code).toBe(1);
    expect(stopped.stdout).toContain('is stopped. "skiff up" starts it again.');
    expect(await cluster.skiff('down')).toMatchObject({ code: 0, stderr: '' });
    expect((await up('--secure-port', '7443')).code).toBe(0);
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/node-a\n');
    expect(await cluster.skiff('down')).toMatchObject({ code: 0, stderr: '' });
    const again = await cluster.skiff('up');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('https://127.0.0.1:7443');
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/node-a\n');
  });

  it('say what is wrong with an archive', async () => {
    const file = (name: string, content: string | Buffer) => {
      const path = join(cluster.home, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    };
    const tar = spawnSync('tar', ['-C', '/etc', '-c', 'hostname'], { maxBuffer: 1 << 24 }).stdout;
    for (const [path, message] of [
      ['/no/such/file', 'there is no such file'],
      [cluster.home, 'it is not a file'],
      [file('empty.tar', ''), 'it is not an archive'],
      [file('words.tar', 'words '.repeat(1000)), 'it is not an archive'],
      [file('other.tar', tar), 'it is neither an OCI nor a docker archive'],
      [file('broken.tar.gz', Buffer.from([0x1f, 0x8b, 8, 0, ...Array(600).fill(7)])), 'cannot load an image'],
    ] as const) {
      const result = await cluster.skiff('image', 'load', path);
      expect(result.stderr).toMatch(/^skiff: cannot load an image from [^\n]+\n$/);
      expect(result.stderr).toContain(message);
      expect(result.code).toBe(1);
    }
  });

  it('tell damaged settings', async () => {
    const file = join(cluster.dataDir, 'cluster.json');
    const good = readFileSync(file, 'utf8');
    for (const damaged of ['', '{"securePort":', '[]', '{"securePort":"x"}']) {
      writeFileSync(file, damaged);
      for (const command of ['up', 'down', 'status', 'reset']) {
        const result = await cluster.skiff(command, ...(command === 'reset' ? ['--yes'] : []));
        expect(result.stderr).toMatch(/^skiff: \S+cluster.json is damaged \([^\n]+\n$/);
        expect(result.code).toBe(1);
      }
    }
    writeFileSync(file, good);
    chmodSync(file, 0o600);
    expect(await cluster.skiff('status')).toMatchObject({ code: 0, stderr: '' });
  });
});
