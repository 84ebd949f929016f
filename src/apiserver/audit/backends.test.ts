import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import { AuditMetrics, type Backend, Losses } from './backend.ts';
import { BatchingBackend } from './batching.ts';
import { type AuditEvent, eventJson, eventLine } from './event.ts';
import { RotatingFile } from './rotating-file.ts';
import { TruncatingBackend } from './truncate.ts';

const event = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  level: 'RequestResponse',
  auditID: 'id',
  stage: 'ResponseComplete',
  requestURI: '/api/v1/pods?x="y"',
  verb: 'list',
  user: { name: 'jane', uid: '2', groups: ['devs'] },
  impersonatedUser: undefined,
  sourceIPs: ['127.0.0.1'],
  userAgent: 'kubectl',
  objectRef: undefined,
  responseStatus: { code: 200 },
  requestObject: undefined,
  responseObject: '{"kind":"PodList"}',
  received: 0,
  at: 1,
  annotations: { b: '2', a: '1' },
  ...more,
});

/** Keeps what it is given; answers when it is told to. */
class Kept implements Backend {
  readonly batches: (readonly AuditEvent[])[] = [];
  pending: ((ok: boolean) => void)[] | undefined;

  process(events: readonly AuditEvent[]): boolean | Promise<boolean> {
    this.batches.push(events);
    const { pending } = this;
    return pending ? new Promise((resolve) => pending.push(resolve)) : true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get sizes(): number[] {
    return this.batches.map((batch) => batch.length);
  }
}

let registry: Registry;
let losses: Losses;
let clock: FakeClock;
beforeEach(() => {
  registry = new Registry();
  losses = new Losses(new AuditMetrics(registry), silent);
  clock = new FakeClock();
});
const lost = (plugin: string): number => {
  const lines: string[] = [];
  registry.render(lines);
  return Number(
    lines.find((line) => line.startsWith(`apiserver_audit_error_total{plugin="${plugin}"}`))?.split(' ')[1] ?? 0,
  );
};

it('events are lines of JSON, or text', () => {
  expect(eventJson(event())).toBe(
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"id","stage":"ResponseComplete",' +
      '"requestURI":"/api/v1/pods?x=\\"y\\"","verb":"list","user":{"username":"jane","uid":"2","groups":["devs"]},' +
      '"sourceIPs":["127.0.0.1"],"userAgent":"kubectl","responseStatus":{"metadata":{},"code":200},' +
      '"responseObject":{"kind":"PodList"},"requestReceivedTimestamp":"1970-01-01T00:00:00.000000Z",' +
      '"stageTimestamp":"1970-01-01T00:00:00.001000Z","annotations":{"a":"1","b":"2"}}',
  );
  expect(eventLine(event({ user: undefined, responseStatus: undefined }))).toBe(
    '1970-01-01T00:00:00.000Z AUDIT: id="id" stage="ResponseComplete" ip="127.0.0.1" method="list" user="<none>" ' +
      'groups="<none>" as="<self>" asgroups="<lookup>" user-agent="kubectl" namespace="<none>" ' +
      'uri="/api/v1/pods?x=\\"y\\"" response="<deferred>"',
  );
});

describe('batches', () => {
  const options = { bufferSize: 4, maxBatchSize: 2, maxBatchWait: 30_000 };

  it('go when they are full, or have waited', async () => {
    const kept = new Kept();
    const batching = new BatchingBackend(kept, options, clock, losses);
    for (let i = 0; i < 3; i++) batching.process([event()]);
    await settle();
    expect(kept.sizes).toEqual([2]);
    await clock.advance(30_000);
    expect(kept.sizes).toEqual([2, 1]);
  });

  it('are throttled', async () => {
    const kept = new Kept();
    const batching = new BatchingBackend(kept, { ...options, throttle: { qps: 1, burst: 1 } }, clock, losses);
    for (let i = 0; i < 4; i++) batching.process([event()]);
    await settle();
    expect(kept.sizes).toEqual([2]);
    await clock.advance(999);
    expect(kept.sizes).toEqual([2]);
    await clock.advance(1);
    expect(kept.sizes).toEqual([2, 2]);
  });

  it('what does not fit is lost and counted; what waits is stored at the end', async () => {
    const kept = new Kept();
    const batching = new BatchingBackend(kept, { ...options, maxBatchSize: 100 }, clock, losses);
    for (let i = 0; i < 6; i++) expect(batching.process([event()])).toBe(true);
    expect(lost('buffered')).toBe(2);
    kept.pending = [];
    let closed = false;
    const closing = batching.close().then(() => {
      closed = true;
    });
    await settle();
    expect([kept.sizes, closed]).toEqual([[4], false]);
    kept.pending[0]?.(true);
    await closing;
    batching.process([event()]);
    expect(lost('buffered')).toBe(3);
  });

  it('keep no more than 64 MiB', () => {
    const batching = new BatchingBackend(
      new Kept(),
      { ...options, bufferSize: 1000, maxBatchSize: 1000 },
      clock,
      losses,
    );
    const long = event({ responseObject: 'x'.repeat(1024 * 1024) });
    for (let i = 0; i < 70; i++) batching.process([long]);
    expect(lost('buffered')).toBeGreaterThan(6);
  });
});

it('long events lose their objects, or are lost; batches are split', () => {
  const kept = new Kept();
  const size = Buffer.byteLength(eventJson(event())) + 1;
  const truncating = new TruncatingBackend(kept, { maxEventSize: size + 60, maxBatchSize: 2 * size }, losses);
  const long = event({ responseObject: `"${'x'.repeat(1000)}"` });
  truncating.process([event(), event(), event(), long, event({ requestURI: 'x'.repeat(1000) })]);
  expect(kept.sizes.reduce((sum, n) => sum + n, 0)).toBe(4);
  expect(kept.batches.length).toBeGreaterThan(1);
  const cut = kept.batches.at(-1)?.at(-1);
  expect([cut?.responseObject, cut?.annotations['audit.k8s.io/truncated']]).toEqual([undefined, 'true']);
  expect(lost('truncate')).toBe(1);
});

describe('files', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skiff-audit-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('are put aside when they are full, packed, and removed', async () => {
    const path = join(dir, 'logs', 'audit.log');
    const options = { path, maxBytes: 10, maxBackups: 2, maxAgeDays: 0, compress: true, clock, log: silent };
    const file = new RotatingFile(options);
    for (const text of ['one 890\n', 'two\n', 'three\n', 'four 7890\n']) {
      file.write(Buffer.from(text));
      await clock.advance(1000);
    }
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('four 7890\n');
    const old = readdirSync(join(dir, 'logs')).filter((name) => name !== 'audit.log');
    expect(old.sort()).toEqual(['audit-2026-01-01T00-00-01.000.log.gz', 'audit-2026-01-01T00-00-03.000.log.gz']);
    expect(gunzipSync(readFileSync(join(dir, 'logs', old[1] ?? ''))).toString()).toBe('two\nthree\n');
    for (const name of [...old, 'audit.log']) expect(statSync(join(dir, 'logs', name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'logs')).mode & 0o777).toBe(0o700);
  });

  it('are kept for so many days', async () => {
    const path = join(dir, 'a.log');
    const options = { path, maxBytes: 4, maxBackups: 0, maxAgeDays: 1, compress: false, clock, log: silent };
    const days: string[][] = [];
    for (let i = 0; i < 4; i++) {
      const file = new RotatingFile(options);
      if (i < 3) file.write(Buffer.from(`${i}..\n`));
      // Waits until old files are tidied up.
      await file.close();
      days.push(readdirSync(dir));
      await clock.advance(20 * 3_600_000);
    }
    const [first, second] = ['a-2026-01-01T20-00-00.000.log', 'a-2026-01-02T16-00-00.000.log'];
    expect(days.slice(2)).toEqual([
      [first, second, 'a.log'],
      [second, 'a.log'],
    ]);
  });
});
