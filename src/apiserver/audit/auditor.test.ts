import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errors } from '../../api/errors.ts';
import { FakeClock, realClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import { forbidden } from '../authorization/forbidden.ts';
import { admin, TestServer, testCertificate } from '../http/test-server.ts';
import { refusedBy } from '../refusals.ts';
import type { UserInfo } from '../user.ts';
import type { Auditor } from './auditor.ts';
import { type AuditFlags, createAuditor, openRefusalLog } from './flags.ts';
import type { RefusalLog } from './refusal-log.ts';

interface Event {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username?: string };
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  readonly responseObject?: { readonly kind: string };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly sourceIPs: readonly string[];
  readonly objectRef?: object;
}

const everything = ['- level: RequestResponse'];
const jane: UserInfo = { name: 'jane', groups: ['devs'] };

let dir: string;
let server: TestServer | undefined;
let auditor: Auditor | undefined;
let refusals: RefusalLog;
let clock: FakeClock;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-auditor-'));
  clock = new FakeClock();
});
afterEach(async () => {
  await server?.stop();
  await auditor?.close();
  await refusals.close();
  server = undefined;
  auditor = undefined;
  rmSync(dir, { recursive: true });
});

const path = (name: string) => join(dir, name);

async function start(rules: readonly string[], flags: AuditFlags = { auditLogPath: path('audit.log') }) {
  writeFileSync(path('policy.yaml'), ['apiVersion: audit.k8s.io/v1', 'kind: Policy', 'rules:', ...rules].join('\n'));
  const surroundings = { clock: realClock, log: silent, registry: new Registry(), random: () => 0 };
  auditor = createAuditor({ auditPolicyFile: path('policy.yaml'), ...flags }, surroundings);
  refusals = openRefusalLog(path('refused.log'), { ...surroundings, clock });
  server = await TestServer.start({
    auditor,
    refusals,
    authenticate: ({ headers }) => {
      if (headers.authorization === 'Bearer wrong')
        throw refusedBy(errors.unauthorized(), { by: 'authenticator', why: 'nobody knows it' });
      return headers.authorization === undefined ? admin : jane;
    },
    authorizer: {
      authorize: ({ user }) => ({ allowed: user === admin, reason: user === admin ? 'of the masters' : 'not jane' }),
    },
  });
  server.core.put('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } });
  return server;
}

const eventsOf = (name = 'audit.log'): Event[] =>
  readFileSync(path(name), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const MAPS = '/api/v1/namespaces/default/configmaps';

describe('the log', () => {
  it('tells of a request when it comes and when it is answered', async () => {
    const { http2 } = await start(everything).then((s) => ({ http2: s.http2.bind(s) }));
    const answer = await http2('GET', `${MAPS}/a`, { 'audit-id': 'mine', 'x-forwarded-for': '1.2.3.4, nobody' });
    expect(answer.headers['audit-id']).toBe('mine');
    await auditor?.close();
    const [came, went] = eventsOf();
    expect(came).toMatchObject({ auditID: 'mine', stage: 'RequestReceived', verb: 'get', user: { username: 'admin' } });
    expect(came?.sourceIPs).toEqual(['1.2.3.4', '127.0.0.1']);
    expect(went).toMatchObject({
      stage: 'ResponseComplete',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 200 },
      responseObject: { kind: 'ConfigMap' },
    });
  });

  it('says no more than the level, and nothing of what is left out', async () => {
    const s = await start(['- level: None', '  verbs: [list]', '- level: Metadata', '  omitStages: [RequestReceived]']);
    await s.http1('GET', MAPS);
    await s.http1('GET', `${MAPS}/a`);
    await s.http1('GET', '/nowhere');
    await auditor?.close();
    const events = eventsOf();
    expect(events.map(({ stage, verb }) => [stage, verb])).toEqual([
      ['ResponseComplete', 'get'],
      ['ResponseComplete', 'get'],
    ]);
    expect(events[0]?.responseObject).toBeUndefined();
    expect(events[1]).toMatchObject({
      responseStatus: { code: 404 },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'of the masters' },
    });
  });

  it('tells of refusals: of strangers once, of others with the reason', async () => {
    const s = await start(everything);
    await s.http1('GET', '/version', { authorization: 'Bearer wrong', 'audit-id': 'stranger' });
    await s.http1('GET', '/version', { authorization: 'Bearer jane', 'audit-id': 'jane' });
    await auditor?.close();
    const events = eventsOf();
    const strange = events.filter(({ auditID }) => auditID === 'stranger');
    expect(strange).toMatchObject([{ stage: 'ResponseStarted', user: {}, responseStatus: { code: 401 } }]);
    expect(events.at(-1)).toMatchObject({
      auditID: 'jane',
      responseStatus: { code: 403, reason: 'Forbidden' },
      responseObject: { kind: 'Status' },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': 'not jane' },
    });
    expect(readFileSync(path('audit.log'), 'utf8')).not.toContain('Bearer');
  });

  it('tells when the answer to a watch begins, and when it ends', async () => {
    const s = await start(everything);
    const session = s.session();
    const stream = session.request({ ':path': `${MAPS}?watch=1` });
    await new Promise((resolve) => stream.once('response', resolve));
    stream.close();
    await new Promise((resolve) => stream.once('close', resolve));
    session.close();
    await s.stop();
    server = undefined;
    await auditor?.close();
    expect(eventsOf().map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
  });
});

it('blocking-strict: who cannot be recorded is not served', async () => {
  // Every write to it fails as on a full disk.
  const s = await start(everything, { auditLogPath: '/dev/full', auditLogMode: 'blocking-strict', auditLogMaxsize: 0 });
  const { status, body } = await s.http1('GET', `${MAPS}/a`);
  expect([status, body.toString()]).toEqual([500, expect.stringContaining('failed to store audit event')]);
});

describe('the webhook', () => {
  const lists: { items: Event[] }[] = [];
  let answers: number[] = [];
  const cert = testCertificate();
  const hook = createServer(cert, (request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const code = answers.shift() ?? 200;
      if (code === 200) lists.push(JSON.parse(text));
      response.writeHead(code).end();
    });
  });
  beforeEach(async () => {
    lists.length = 0;
    answers = [];
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const { port } = hook.address() as AddressInfo;
    const kubeconfig = {
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `https://127.0.0.1:${port}/audit`,
            'certificate-authority-data': Buffer.from(cert.cert).toString('base64'),
          },
        },
      ],
      contexts: [{ name: 'x', context: { cluster: 'c' } }],
      'current-context': 'x',
    };
    writeFileSync(path('hook.yaml'), JSON.stringify(kubeconfig));
  });
  afterEach(() => {
    hook.closeAllConnections();
    hook.close();
  });

  it('is sent batches; what waits is sent at the end', async () => {
    const s = await start(everything, { auditWebhookConfigFile: path('hook.yaml') });
    await s.http1('GET', `${MAPS}/a`);
    expect(lists).toEqual([]);
    await auditor?.close();
    expect(lists).toMatchObject([{ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [{}, {}] }]);
    expect(lists[0]?.items[0]).not.toHaveProperty('kind');
  });

  it('blocking: the answer waits for it, and for another try', async () => {
    answers = [200, 500];
    const flags = { auditWebhookMode: 'blocking', auditWebhookInitialBackoff: 1 };
    const s = await start(everything, { auditWebhookConfigFile: path('hook.yaml'), ...flags });
    const { status } = await s.http1('GET', `${MAPS}/a`);
    expect([status, lists.length, answers.length]).toEqual([200, 2, 0]);
  });
});

describe('the log of refused requests', () => {
  it('says what clients are not told', async () => {
    const s = await start(['- level: None']);
    await s.http1('GET', '/version', { authorization: 'Bearer wrong' });
    const { headers } = await s.http1('GET', '/version', { authorization: 'Bearer jane' });
    await s.http1('GET', '/nowhere');
    const [first, second, ...more] = eventsOf('refused.log');
    expect(first).toMatchObject({
      responseStatus: { code: 401 },
      annotations: { 'refusal.skiff.dev/by': 'authenticator', 'refusal.skiff.dev/why': 'nobody knows it' },
    });
    expect(second).toMatchObject({
      auditID: headers['audit-id'],
      user: { username: 'jane' },
      annotations: { 'refusal.skiff.dev/by': 'authorizer', 'authorization.k8s.io/reason': 'not jane' },
    });
    expect(more).toEqual([]);
  });

  it('keeps a hundred a second', () => {
    refusals = openRefusalLog(path('refused.log'), {
      clock,
      log: silent,
      registry: new Registry(),
      random: () => 0,
    });
    const attributes = { verb: 'get', group: '', version: '', resource: '', subresource: '', namespace: '', name: '' };
    const error = forbidden({ ...attributes, user: jane, path: '/x' }, '');
    const exchange = { url: '/x', headers: {}, connection: { remoteAddress: '127.0.0.1' }, auditID: 'x' };
    const request = {
      // Of an exchange nothing else is looked at.
      exchange: exchange as unknown as Parameters<RefusalLog['note']>[0]['exchange'],
      info: { ...attributes, path: '/x', isResource: false, named: false, rest: '', watchPath: false },
      requestor: jane,
      user: jane,
      noted: {},
    };
    for (let i = 0; i < 150; i++) refusals.note(request, error);
    expect(eventsOf('refused.log').length).toBe(100);
  });
});
