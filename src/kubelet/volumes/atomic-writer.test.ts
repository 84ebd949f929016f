import { chmod, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Payload, writeAtomically } from './atomic-writer.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-atomic-'));
});
afterEach(() => rm(dir, { recursive: true }));

const now = new Date('2026-01-02T03:04:05Z');
const payload = (files: Record<string, string>, mode = 0o644): Payload =>
  new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));
const names = async () => (await readdir(dir)).filter((name) => !/^\.\.2026/.test(name)).sort();
const text = (path: string) => readFile(join(dir, path), 'utf8');

describe('an atomic write', () => {
  it('makes links to files in a directory of its own', async () => {
    expect(await writeAtomically(dir, payload({ a: '1', 'd/b': '2', 'd/e/f': '3' }), now)).toBe(true);
    expect(await names()).toEqual(['..data', 'a', 'd']);
    expect(await readlink(join(dir, '..data'))).toMatch(/^\.\.2026_01_02_03_04_05\.\d{10}$/);
    expect(await readlink(join(dir, 'a'))).toBe('..data/a');
    expect(await readlink(join(dir, 'd'))).toBe('..data/d');
    expect([await text('a'), await text('d/b'), await text('d/e/f')]).toEqual(['1', '2', '3']);
  });

  it('gives files just their mode', async () => {
    // Whatever the umask is.
    await writeAtomically(dir, payload({ a: '1' }, 0o626), now);
    expect((await stat(join(dir, 'a'))).mode & 0o7777).toBe(0o626);
    expect((await stat(join(dir, '..data'))).mode & 0o777).toBe(0o755);
  });

  it('replaces everything and leaves nothing of before', async () => {
    await writeAtomically(dir, payload({ a: '1', old: 'x', 'd/b': '2' }), now);
    await writeAtomically(dir, payload({ a: '11', new: 'y' }), now);
    expect(await names()).toEqual(['..data', 'a', 'new']);
    expect(await text('a')).toBe('11');
    expect((await readdir(dir)).filter((name) => name.startsWith('..2026')).length).toBe(1);
  });

  it('does nothing where nothing changes, but repairs what is missing', async () => {
    const files = payload({ a: '1' });
    await writeAtomically(dir, files, now);
    const before = await readlink(join(dir, '..data'));
    expect(await writeAtomically(dir, files, now)).toBe(false);
    await rm(join(dir, 'a'));
    expect(await writeAtomically(dir, files, now)).toBe(false);
    expect(await text('a')).toBe('1');
    expect(await readlink(join(dir, '..data'))).toBe(before);
  });

  it.each<[string, () => Promise<void>]>([
    ['contents', () => writeFile(join(dir, 'a'), 'changed')],
    ['a mode', () => chmod(join(dir, 'a'), 0o600)],
    ['a file more', () => writeFile(join(dir, '..data', 'more'), '')],
  ])('writes again what somebody has changed: %s', async (_, change) => {
    await writeAtomically(dir, payload({ a: '1' }), now);
    await change();
    expect(await writeAtomically(dir, payload({ a: '1' }), now)).toBe(true);
    expect(await text('a')).toBe('1');
  });

  it('leaves everything as it was when the new files cannot be prepared', async () => {
    await writeAtomically(dir, payload({ a: '1' }), now);
    const refuse = () => Promise.reject(new Error('no'));
    await expect(writeAtomically(dir, payload({ a: '2' }), now, refuse)).rejects.toThrow('no');
    expect(await text('a')).toBe('1');
    expect((await readdir(dir)).length).toBe(3);
  });

  it('takes up what a writer that died left behind', async () => {
    await writeAtomically(dir, payload({ a: '1' }), now);
    await symlink('..nowhere', join(dir, '..data_tmp'));
    await writeAtomically(dir, payload({ a: '2' }), now);
    expect(await text('a')).toBe('2');
    expect(await names()).toEqual(['..data', 'a']);
  });

  it('does not touch what others have put there', async () => {
    await writeFile(join(dir, 'mine'), 'x');
    await symlink('mine', join(dir, 'link'));
    await writeAtomically(dir, payload({ a: '1' }), now);
    await writeAtomically(dir, payload({ b: '1' }), now);
    expect(await names()).toEqual(['..data', 'b', 'link', 'mine']);
  });

  it('never shows a reader half of an update', async () => {
    await writeAtomically(dir, payload({ a: '0', b: '0' }), now);
    let done = false;
    const reader = (async () => {
      while (!done) {
        const current = await readlink(join(dir, '..data'));
        const both = await Promise.all(
          ['a', 'b'].map((n) => readFile(join(dir, current, n), 'utf8').catch(() => 'gone')),
        );
        if (!both.includes('gone')) expect(both[0]).toBe(both[1]);
      }
    })();
    for (let i = 1; i < 50; i++) await writeAtomically(dir, payload({ a: `${i}`, b: `${i}` }), now);
    done = true;
    await reader;
  });

  it.each(['', '/etc/passwd', '../a', 'a/../../b', '..data', 'x'.repeat(5000)])('refuses the path %j', async (path) => {
    await expect(writeAtomically(dir, payload({ [path]: '1' }), now)).rejects.toThrow('invalid path');
  });
});
