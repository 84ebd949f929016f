import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import { configKind } from './kinds.ts';
import { decodeConfig, largestFile, readConfigFile } from './read.ts';
import { reloadConfig } from './reload.ts';
import { watchFile } from './watch.ts';

interface Fence {
  readonly posts?: readonly { readonly name?: string; readonly height: string }[];
}
const fences = configKind<Fence>('Fence', {
  'garden.test/v1': {
    Fence: { posts: { list: 'Post' } },
    Post: { name: { type: 'string' }, height: { type: 'string', default: 'low' } },
  },
});
const text = (...lines: string[]) => ['apiVersion: garden.test/v1', 'kind: Fence', ...lines].join('\n');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('decodeConfig', () => {
  it('reads YAML and JSON, with defaults', () => {
    const object = { kind: 'Fence', apiVersion: 'garden.test/v1', posts: [{ name: 'a', height: 'low' }] };
    expect(decodeConfig(text('posts:', '- name: a'), fences).object).toEqual(object);
    expect(decodeConfig(JSON.stringify(object), fences).object).toEqual(object);
  });

  it.each([
    ['nothing', '', 'empty config data'],
    ['no mapping', '- a', "couldn't get version/kind"],
    ['no kind', 'apiVersion: garden.test/v1', "Object 'Kind' is missing"],
    [
      'another version',
      'apiVersion: garden.test/v2\nkind: Fence',
      'no kind "Fence" is registered for version "garden.test/v2"',
    ],
    ['an unknown field', text('posts:', '- nme: a'), 'strict decoding error: unknown field "posts[0].nme"'],
    ['a name twice', text('posts: []', 'posts: []'), 'line 4: key "posts" already set in map'],
    ['another type', text('posts:', '- name: 5'), 'json: cannot unmarshal number into Go struct field Post.posts.name'],
    ['no YAML', text('posts: ['), 'error converting YAML to JSON: yaml: line'],
  ])('refuses %s', (_what, given, words) => {
    expect(() => decodeConfig(given, fences)).toThrow(words);
  });
});

it('names flag and file, and reads no more than it should', () => {
  const path = join(dir, 'fence.yaml');
  expect(() => readConfigFile(path, fences, '--fence')).toThrow(`--fence: ${path} is not there`);
  expect(() => readConfigFile(dir, fences, '--fence')).toThrow(`--fence: ${dir} is a directory`);
  writeFileSync(path, text('pots: []'));
  expect(() => readConfigFile(path, fences, '--fence')).toThrow(
    `--fence: ${path}: strict decoding error: unknown field "pots"`,
  );
  writeFileSync(path, '#'.repeat(largestFile + 1));
  expect(() => readConfigFile(path, fences, '--fence')).toThrow('has more than 4194304 bytes');
});

describe('watchFile', () => {
  it('tells of a change within a minute where the system tells nothing, and of none where the text is the same', async () => {
    const path = join(dir, 'a');
    writeFileSync(path, 'one');
    const clock = new FakeClock();
    const seen: string[] = [];
    const watched = watchFile(path, {
      clock,
      onChange: (now) => seen.push(now),
      onError: (error) => seen.push((error as NodeJS.ErrnoException).code ?? ''),
    });
    await clock.advance(60_000);
    writeFileSync(path, 'two');
    await clock.advance(60_000);
    expect(seen).toEqual(['two']);
    writeFileSync(join(dir, 'b'), 'two');
    renameSync(join(dir, 'b'), path);
    await clock.advance(60_000);
    expect(seen).toEqual(['two']);
    rmSync(path);
    watched.check();
    expect(seen).toEqual(['two', 'ENOENT']);
    watched.stop();
    expect(clock.pending).toBe(0);
  });

  it("follows a link that is replaced, as a volume's are", () => {
    for (const name of ['1', '2']) {
      mkdirSync(join(dir, name));
      writeFileSync(join(dir, name, 'f'), name);
    }
    symlinkSync('1', join(dir, '..data'));
    symlinkSync('..data/f', join(dir, 'f'));
    const seen: string[] = [];
    const clock = new FakeClock();
    const watched = watchFile(join(dir, 'f'), { clock, onChange: (now) => seen.push(now), onError: () => {} });
    symlinkSync('2', join(dir, '..new'));
    renameSync(join(dir, '..new'), join(dir, '..data'));
    watched.check();
    watched.stop();
    expect(seen).toEqual(['2']);
  });
});

it('keeps a configuration in force, and the old one where the new one is bad', async () => {
  const path = join(dir, 'c');
  writeFileSync(path, 'good 1');
  const clock = new FakeClock(1_000);
  const registry = new Registry();
  let inForce = 'good 1';
  const watched = reloadConfig(path, {
    clock,
    log: silent,
    what: 'authentication',
    registry,
    text: inForce,
    apply: (next) => {
      if (!next.startsWith('good')) throw new Error('not good');
      inForce = next;
    },
  });
  writeFileSync(path, 'bad');
  await clock.advance(60_000);
  expect(inForce).toBe('good 1');
  writeFileSync(path, 'good 2');
  await clock.advance(60_000);
  expect(inForce).toBe('good 2');
  watched.stop();
  const lines: string[] = [];
  registry.render(lines);
  expect(lines).toContain(
    'apiserver_authentication_config_controller_automatic_reloads_total{apiserver_id_hash="",status="failure"} 1',
  );
  expect(lines.filter((line) => line.includes('last_config_info{'))).toHaveLength(1);
});
