import { expect, test } from 'vitest';
import { events, type ObjectReference } from '../api/core/v1.gen.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { memoryServer } from './memory-server.ts';
import { createEventRecorder } from './recorder.ts';

const about: ObjectReference = { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'p', uid: 'u' };

async function setUp() {
  const clock = new FakeClock();
  const { client } = await memoryServer({ clock, namespaces: ['ns'] });
  const recorder = createEventRecorder({
    client,
    component: 'kubelet',
    host: 'n1',
    clock,
    log: silent,
    random: () => 0,
  });
  const all = async () => {
    await settle(20);
    return (await client.resource(events).list('ns')).items;
  };
  return { clock, client, recorder, all };
}

test('an event says who, about what, when and how often', async () => {
  const { recorder, all } = await setUp();
  recorder.event(about, 'Normal', 'Started', 'Started container c');
  const [event] = await all();
  expect(event?.metadata.name).toMatch(/^p\.[0-9a-f]{16}$/);
  expect(event).toMatchObject({
    involvedObject: about,
    reason: 'Started',
    message: 'Started container c',
    type: 'Normal',
    source: { component: 'kubelet', host: 'n1' },
    reportingComponent: 'kubelet',
    reportingInstance: 'n1',
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
  });
});

test('what happens again is counted', async () => {
  const { clock, recorder, all } = await setUp();
  for (let i = 0; i < 3; i++) {
    recorder.event(about, 'Warning', 'BackOff', 'Back-off restarting');
    await clock.advance(10_000);
  }
  const written = await all();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({
    count: 3,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:20Z',
  });
});

test('ten messages of one reason become one event', async () => {
  const { recorder, all } = await setUp();
  for (let i = 0; i < 12; i++) recorder.event(about, 'Warning', 'Failed', `message ${i}`);
  const written = await all();
  expect(written).toHaveLength(10);
  const combined = written.find((event) => event.message?.startsWith('(combined from similar events): '));
  expect(combined).toMatchObject({ count: 3, message: '(combined from similar events): message 11' });
});

test('one component tells 25 events about one object, then one in five minutes', async () => {
  const { clock, recorder, all } = await setUp();
  for (let i = 0; i < 30; i++) recorder.event(about, 'Normal', `Reason${i}`, 'm');
  expect(await all()).toHaveLength(25);
  await clock.advance(300_000);
  recorder.event(about, 'Normal', 'Later', 'm');
  recorder.event(about, 'Normal', 'TooMuch', 'm');
  recorder.as('scheduler').event(about, 'Normal', 'Other', 'm');
  const reasons = (await all()).map((event) => event.reason);
  expect(reasons).toContain('Later');
  expect(reasons).toContain('Other');
  expect(reasons).not.toContain('TooMuch');
});

test('an event that was deleted meanwhile is written anew', async () => {
  const { client, recorder, all } = await setUp();
  recorder.event(about, 'Normal', 'Again', 'm');
  for (const event of await all()) await client.resource(events).delete('ns', event.metadata.name);
  recorder.event(about, 'Normal', 'Again', 'm');
  expect(await all()).toHaveLength(1);
});
